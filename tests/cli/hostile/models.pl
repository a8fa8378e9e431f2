# SPDX-License-Identifier: Apache-2.0
# models.pl -- directories of a model: NAME => [what the line must say, the bytes of the file in question], or
# for shards [what the line must say, FILE => BYTES...].
use strict;
use warnings;

our %model;	# the bytes of tiny/, by the names of its files

sub container { my ($header, $data) = @_; pack('Q<', length $header) . $header . $data }

my $header = substr $model{'model.safetensors'}, 8, unpack 'Q<', $model{'model.safetensors'};
my $data = substr $model{'model.safetensors'}, 8 + length $header;

# The first tensor of the file, in its header, with its parts replaced.
sub tensor {
	my %o = @_;
	my $h = $header;
	my ($name, $dtype, $shape, $begin, $stop) = $h =~
		/("[^"]*"):\{"dtype":("[^"]*"),"shape":(\[[\d, ]*\]),"data_offsets":\[(\d+), ?(\d+)\]\}/ or die;
	my ($b, $e) = ($o{begin} // $begin, $o{end} // $stop);
	my $new = ($o{name} // $name) . ':' . ($o{value} // sprintf '{"dtype":%s,"shape":%s,"data_offsets":%s}',
		$o{dtype} // $dtype, $o{shape} // $shape, $o{offsets} // "[$b,$e]");
	$h =~ s/("[^"]*"):\{"dtype":("[^"]*"),"shape":(\[[\d, ]*\]),"data_offsets":\[(\d+), ?(\d+)\]\}/$new/;
	return $h;
}

sub safetensors {
	my $extra = sub { (my $h = $header) =~ s/^\{/'{' . $_[0] . ','/e; $h };
	my ($name) = $header =~ /"(model[^"]*)":/;
	my %h = (
		'overlap' => ['begins at', $extra->('"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}')],
		'gap' => ['begins at', $extra->(sprintf '"x":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}',
			length($data) + 1, length($data) + 2)],
		'offset-2-63' => ['offsets', tensor(end => '9223372036854775808')],
		'offset-2-64' => ['offsets', tensor(begin => '18446744073709551615')],
		'offset-max' => ['', tensor(begin => '9223372036854775807', end => '9223372036854775807')],
		'offset-negative' => ['offsets', tensor(begin => -8)],
		'offset-real' => ['offsets', tensor(end => '1e3')],
		'offsets-reversed' => ['offsets', tensor(begin => 8, end => 0)],
		'offsets-missing' => ['offsets', tensor(offsets => 'null')],
		'offsets-three' => ['offsets', tensor(offsets => '[0,1,2]')],
		'size-wrong' => ['its shape needs', tensor(shape => '[3,3]')],
		'shape-overflow' => ['shape', tensor(shape => '[4294967296,4294967296,16]')],
		'shape-zero-overflow' => ['', tensor(shape => '[4294967296,4294967296,4294967296,0]', begin => 0, end => 0)],
		'shape-negative' => ['shape', tensor(shape => '[-1]')],
		'shape-deep' => ['shape', tensor(shape => '[' . join(',', (1) x 99) . ']')],
		'shape-strings' => ['shape', tensor(shape => '["1"]')],
		'dtype-unknown' => ['dtype', tensor(dtype => '"F31"')],
		'dtype-number' => ['dtype', tensor(dtype => 4)],
		'dtype-missing' => ['dtype', tensor(value => '{}')],
		'not-an-object' => ['dtype', tensor(value => '[]')],
		'name-empty' => ['name', tensor(name => '""')],
		'name-nul' => ['valid JSON', tensor(name => '"a\u0000b"')],
		'name-newline' => ['', tensor(name => '"a\nb"')],
		'name-twice' => ['valid JSON', $extra->(qq("$name":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}))],
		'metadata-array' => ['__metadata__', '{"__metadata__":[]}'],
		'metadata-number' => ['__metadata__', '{"__metadata__":{"a":1}}'],
		'header-cut' => ['valid JSON', substr $header, 0, 200],
		'header-array' => ['not a safetensors', '[]'],
		'header-empty' => ['not a safetensors', ''],
		'header-nothing' => ['', '{}'],
		'header-utf8' => ['valid JSON', "{\"\xff\":1}"],
		'header-deep' => ['deeper', '{"a":' . '[' x 100],
	);
	my %file = map { $_ => [$h{$_}[0], container($h{$_}[1], $data)] } keys %h;
	return (%file,
		'length-huge' => ['not a safetensors', "\xff" x 8 . $header . $data],
		'length-101-mb' => ['not a safetensors', pack('Q<', 101 << 20) . $header],
		'length-100-mb' => ['ends early|JSON', pack('Q<', 100 << 20) . $header . $data],
		'header-100-mb' => ['JSON', pack('Q<', 100 << 20) . '{' . many(' ', 100 << 20)],
		'header-of-objects' => ['too many', container('{' . join(',', map "\"$_\":{}", 1 .. 1100000) . '}', '')],
		'data-short' => ['ends early', container($header, substr $data, 1)],
		'data-long' => ['after its end', container($header, $data . 'x')],
		'seven-bytes' => ['ends early|JSON|safetensors', 'x' x 7],
		'no-bytes' => ['', ''],
	);
}

my $config = sub { my ($key, $value) = @_; (my $s = $model{'config.json'}) =~ s/"$key": [^,\n]*/"$key": $value/; $s };

sub shards {
	my ($one, $two) = map "model-0000$_-of-00002.safetensors", 1, 2;
	my @names = $header =~ /"(model\.[^"]*|lm_head[^"]*)":\{/g;
	# the last tensor goes into the second shard
	my @t = sort { $a->[1] <=> $b->[1] } map [/"([^"]*)":(?=\{"dtype)/, /offsets":\[(\d+), ?(\d+)/, /("dtype".*?\]),/],
		$header =~ /("[^"]*":\{"dtype".*?\]\})/g;
	my $last = pop @t;
	my $describe = sub { my ($t, $from) = @_; sprintf '"%s":{%s,"data_offsets":[%d,%d]}', $t->[0], $t->[3],
		$t->[1] - $from, $t->[2] - $from };
	my $a = container('{' . join(',', map $describe->($_, 0), @t) . '}', substr $data, 0, $last->[1]);
	my $b = container('{' . $describe->($last, $last->[1]) . '}', substr $data, $last->[1]);
	my $x = container('{"extra":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 'x');
	my $index = sub { my %map = ((map { $_->[0] => $one } @t), $last->[0] => $two, @_);
		'{"weight_map":{' . join(',', map "\"$_\":\"$map{$_}\"", sort keys %map) . '}}' };
	my %both = ('model.safetensors' => undef, $one => $a, $two => $b);
	my $i = 'model.safetensors.index.json';
	return (
		'missing-shard' => ["$two.*missing", %both, $two => undef, $i => $index->()],
		'missing-both' => ['no model.safetensors', %both, $one => undef, $two => undef, $i => $index->()],
		'of-three' => ['shard.*missing|two sets', %both, 'model-00003-of-00003.safetensors' => $x],
		'in-two-shards' => ["tensor '\Q$last->[0]\E' is in", %both, $one => $model{'model.safetensors'}],
		'index-knows-more' => ['nowhere.*missing', %both, $i => $index->('nowhere.weight' => $one)],
		'index-knows-less' => ['not in the index', %both, $i => $index->() =~ s/,"model.norm.weight":"[^"]*"//r],
		'index-knows-none' => ['weight_map', %both, $i => '{"weight_map":{}}'],
		'index-says-other-shard' => ['of the index is missing', %both, $i => $index->($last->[0] => $one)],
		'index-leads-out' => ['passwd.*missing', %both, $i => $index->($last->[0] => '../../etc/passwd')],
		'index-absolute' => ['passwd.*missing', %both, $i => $index->($last->[0] => '/etc/passwd')],
		'index-without-map' => ['weight_map', %both, $i => '{}'],
		'index-map-is-a-list' => ['weight_map', %both, $i => '{"weight_map":[]}'],
		'index-of-numbers' => ['names no file', %both, $i => '{"weight_map":{"' . $last->[0] . '":2}}'],
		'index-no-json' => ['valid JSON', %both, $i => 'weights'],
		'vocabulary-of-another' => ['', 'config.json' => $config->(vocab_size => 999)],
		'layer-missing' => ['missing|number of layers', 'config.json' => $config->(num_hidden_layers => 3)],
		'layer-too-many' => ['belong|has 2 letters, the model 1 layers', 'config.json' => $config->(num_hidden_layers => 1)],
		'quantized-by-name-only' => ['weight|quantized', 'config.json' => $config->(model_type => '"llama",' .
			'"quantization_config":{"quant_method":"compressed-tensors","format":"pack-quantized",' .
			'"config_groups":{"g":{"targets":["Linear"],"weights":{"num_bits":4,"type":"int",' .
			'"symmetric":true,"strategy":"group","group_size":32}}}}')],
		'index-twice' => ['valid JSON', %both, $i => '{"weight_map":{},"weight_map":{}}'],
	);
}

sub configs {
	my ($c, $with) = ($model{'config.json'}, $config);
	my $plus = sub { (my $s = $c) =~ s/^\{/{$_[0],/; $s };
	return (
		'empty' => ['JSON', ''],
		'deep' => ['deeper', $plus->('"id2label":' . '[' x 100 . ']' x 100)],
		'very-deep' => ['deeper', many('{"a":', 1000000)],
		'cut' => ['JSON', substr $c, 0, length($c) - 3],
		'array' => ['object', '[]'],
		'null' => ['object', 'null'],
		'trailing-comma' => ['JSON', '{"model_type":"llama",}'],
		'comment' => ['JSON', "// a comment\n$c"],
		'two-values' => ['JSON', "$c {}"],
		'byte-order-mark' => ['JSON', "\xef\xbb\xbf$c"],
		'utf-16' => ['JSON|object', join '', map "$_\0", split //, $c],
		'not-utf8' => ['JSON', $plus->("\"a\":\"\xff\xfe\"")],
		'overlong-utf8' => ['JSON', $plus->("\"a\":\"\xc0\x80\"")],
		'surrogate' => ['JSON', $plus->('"a":"\ud800"')],
		'surrogates-reversed' => ['JSON', $plus->('"a":"\udc00\ud800"')],
		'raw-nul' => ['JSON', $plus->("\"a\":\"\0\"")],
		'nul-in-key' => ['JSON', $plus->('"a\u0000":1')],
		'two-of-a-key' => ['JSON.*duplicate', $plus->('"hidden_size":64')],
		'leading-zero' => ['JSON', $with->(hidden_size => '032')],
		'infinity' => ['JSON', $with->(rope_theta => '1e999')],
		'nan' => ['JSON', $with->(rope_theta => 'NaN')],
		'hexadecimal' => ['JSON', $with->(hidden_size => '0x20')],
		'zero' => ['hidden_size', $with->(hidden_size => 0)],
		'minus-zero' => ['hidden_size', $with->(hidden_size => '-0')],
		'negative' => ['num_hidden_layers', $with->(num_hidden_layers => -1)],
		'huge' => ['vocab_size', $with->(vocab_size => '1000000000000000019884624838656')],
		'int-max' => ['intermediate_size', $with->(intermediate_size => '9223372036854775807')],
		'real' => ['hidden_size', $with->(hidden_size => '32.0')],
		'string' => ['hidden_size', $with->(hidden_size => '"32"')],
		'many-layers' => ['num_hidden_layers', $with->(num_hidden_layers => 100000)],
		'uneven-heads' => ['heads', $with->(num_key_value_heads => 3)],
		'odd-head' => ['head_dim', $with->(head_dim => 7)],
		'negative-theta' => ['rope_theta', $with->(rope_theta => -1)],
		'rope-unknown' => ['magic', $plus->('"rope_scaling":{"rope_type":"magic"}')],
		'rope-number' => ['rope', $plus->('"rope_scaling":{"rope_type":3}')],
		'rope-is-a-list' => ['rope', $plus->('"rope_scaling":["llama3"]')],
		'few-layer-types' => ['layer_types', $plus->('"layer_types":["full_attention"]')],
		'layer-type-unknown' => ['odd_attention', $plus->('"layer_types":["odd_attention","odd_attention"]')],
		'layer-types-string' => ['layer_types', $plus->('"layer_types":"full_attention"')],
		'window-zero' => ['sliding_window', $plus->('"layer_types":["full_attention","sliding_attention"],"sliding_window":0')],
		'no-type' => ['model_type', '{"hidden_size":32}'],
		'type-unknown' => ["'x\\?y'", $with->(model_type => '"x\ny"')],
		'type-number' => ['model_type', $with->(model_type => 1)],
		'field-unknown' => ['no_such_field', $plus->('"no_such_field":1')],
		'quantized-otherwise' => ['gptq', $plus->('"quantization_config":{"quant_method":"gptq"}')],
		'quantized-to-3' => ['int4', $plus->('"quantization_config":{"quant_method":"compressed-tensors",' .
			'"format":"pack-quantized","config_groups":{"g":{"targets":["Linear"],"weights":{"num_bits":3}}}}')],
	);
}

sub histories {
	return (
		'no-json' => ['history', "made by hand\n"],
		'no-tool' => ['history', "{}\n"],
		'arguments-of-numbers' => ['history', "{\"tool\":\"x\",\"arguments\":[1]}\n"],
		'nul' => ['history', "{\"tool\":\"x\"}\n\0{\"tool\":\"y\"}\n"],
	);
}

sub tokenizers {
	my $t = $model{'tokenizer.json'};
	my $edit = sub { my ($from, $to) = @_; (my $s = $t) =~ s/$from/$to/ or die $from; $s };
	return (
		'empty' => ['JSON', ''],
		'list' => ['tokenizer', '[]'],
		'nothing' => ['tokenizer', '{}'],
		'cut' => ['JSON', substr $t, 0, 1000],
		'deep' => ['deeper', '[' x 1000],
		'no-vocab' => ['tokenizer', $edit->('"vocab":', '"vocabulary":')],
		'same-id' => ['tokenizer', $edit->('"!":33', '"!":32')],
		'negative-id' => ['tokenizer', $edit->('"!":33', '"!":-1')],
		'huge-id' => ['tokenizer', $edit->('"!":33', '"!":4294967296')],
		'string-id' => ['tokenizer', $edit->('"!":33', '"!":"33"')],
		'type-unknown' => ['tokenizer', $edit->('"BPE"', '"Magic"')],
		'pre-tokenizer-unknown' => ['tokenizer', $edit->('"type":"ByteLevel"', '"type":"Odd"')],
		'merge-of-nothing' => ['tokenizer', $edit->('"merges":\s*\[', '"merges":["zq qz",')],
		'merge-of-one' => ['tokenizer', $edit->('"merges":\s*\[', '"merges":["a",')],
		'merge-number' => ['tokenizer', $edit->('"merges":\s*\[', '"merges":[1,')],
		'added-beyond' => ['tokenizer', $edit->('"id":256', '"id":999999999')],
		'added-without-text' => ['tokenizer', $edit->('"content":"[^"]*"', '"content":1')],
		'bad-pattern' => ['tokenizer', $edit->('"pre_tokenizer":\{', '"pre_tokenizer":{"type":"Split",' .
			'"pattern":{"Regex":"(("},"behavior":"Isolated","invert":false},"x":{')],
	);
}

sub side_files {
	return ('cut' => ['JSON', '{"eos_token_id":'], 'deep' => ['deeper', '[' x 1000], 'empty' => ['JSON', ''],
		'not-utf8' => ['JSON', "{\"a\":\"\xff\"}"], 'two-of-a-key' => ['JSON', '{"a":1,"a":2}']);
}

1;
