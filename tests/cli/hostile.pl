# SPDX-License-Identifier: Apache-2.0
# hostile.pl -- makes broken and hostile inputs of one kind and gives each to every tool that reads it.
#
#	hostile.pl KIND	in a directory with tiny/, tiny.tok, metrics.safetensors (tests/cli/hostile.bats)
#
# Each run must end with exit 3 within ten seconds and 256 MiB of address space, print nothing but one line
# on standard error that names the input and what is wrong there, and leave no file. What does not is
# printed; then how many inputs were tried how often. The exit status is 1 if any did not.
use strict;
use warnings;

my ($inputs, $runs, $failed) = (0, 0, 0);

sub slurp { local $/; open my $f, '<:raw', $_[0] or die "$_[0]: $!"; scalar <$f> }
sub many { $_[0] x $_[1] }	# not folded into a constant when this is read
sub put { open my $f, '>:raw', $_[0] or die "$_[0]: $!"; print $f $_[1]; close $f }

# Running

# Command lines by what is hostile in them. IN stands for the input, or for - where that is standard input;
# FILE for the input where it must be a file.
my @transform = (
	[qw(fl-info --check IN)],
	[qw(fl-prune -j 1 -a d32-f32-f --score random --layer-score random -o out/ IN)],
	[qw(fl-attnpattern -a d32-f64-fs -o out.tar IN)],
	[qw(fl-quantize -j 1 -o out.tar.zst IN)],
	[qw(fl-export --to gguf -j 1 -o out.gguf IN)],
	[qw(fl-calibrate -j 1 -t ../tiny.tok -o out.safetensors IN)],
	[qw(fl-eval -j 1 -t ../tiny.tok IN)],
	[qw(fl-measure -j 1 --prefill 8 --decode 8 --repeat 1 --warmup 0 IN)],
	[qw(fl-generate -j 1 -p hello -n 2 IN)],
);
my @tokenize = ([qw(fl-tokenize -j 1 -o out.tok -c IN ../tiny.txt)]);
my @config = (@transform, [qw(fl-measure -j 1 --prefill 8 --repeat 1 -c IN)],
	[qw(fl-init -o out.tar FILE/config.json)]);
my @metrics = (
	[qw(fl-info FILE)],
	[qw(fl-prune -j 1 -a d32-f32-f -o out.tar -m IN ../tiny)],
	[qw(fl-calibrate --merge -o out.safetensors ../metrics.safetensors IN)],
);
my @tokens = (
	[qw(fl-calibrate -j 1 -o out.safetensors -t IN ../tiny)],
	[qw(fl-eval -j 1 -t IN ../tiny)],
	[qw(fl-tokenize -j 1 -o out.txt -c ../tiny -d IN)],
);
my @table = ([qw(fl-pareto IN)], [qw(fl-suggest --space ../space IN)]);
my @space = ([qw(fl-suggest --space IN)]);

sub run {	# INPUT STDIN COMMAND...: exit status, standard output, standard error, what was left
	my ($in, @command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		chdir 'work';
		open STDIN, '<', $in;
		open STDOUT, '>', '../stdout';
		open STDERR, '>', '../stderr';
		alarm 10;	# survives exec
		exec @command or exit 127;
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	opendir my $dir, 'work';
	my @left = grep { !/^\.\.?$/ } readdir $dir;
	system 'rm', '-rf', map "work/$_", @left if @left;
	return ($status, slurp('stdout'), slurp('stderr'), @left);
}

sub try {	# NAME WHAT-THE-LINE-SAYS PIPED COMMAND
	my ($name, $says, $piped, $command) = @_;
	my @command = map { s{^FILE}{../in/$name}r } map { $_ ne 'IN' ? $_ : $piped ? '-' : 'FILE' } @$command;
	my ($status, $out, $err, @left) = run($piped ? "../in/$name" : '/dev/null', @command);
	my $subject = $piped ? 'standard input' : $name;
	$runs++;
	return if $status eq '3' && $out eq '' && !@left && $err =~ /\A$command->[0]: [^\n]*\n\z/ &&
		$err !~ /[^\n\x20-\x7e\x80-\xff]/ && $err =~ /$says/i && $err =~ /\Q$subject\E|\Q$name\E|the metrics/;
	$failed++;
	print "$name: @command" . ($piped ? " < $name" : '') .
		": exit $status, left '@left', out '" . substr($out, 0, 60) . "', said: $err\n";
}

# Each command in turn reads it from a file, the next one from a pipe; with ALL set each does, from both.
my ($turn, $share) = (0, $ENV{ALL} ? 1 : 4);
sub each_tool {	# NAME SAYS NOT-FOR COMMANDS...
	my ($name, $says, $not, @commands) = @_;
	$inputs++;
	for my $command (@commands) {
		next if $not && $command->[0] eq $not;
		for my $piped (0, 1) {
			next if $piped && (-d "in/$name" || grep { $_ eq 'FILE' } @$command);
			try($name, $says, $piped, $command) if @commands < 4 || $turn++ % $share == 0;
		}
	}
}

# Archives

my %octal = (mode => [100, 8], uid => [108, 8], gid => [116, 8], size => [124, 12], mtime => [136, 12]);
sub header {	# NAME SIZE [FIELD => BYTES...]: type, link, size, sum, magic, or at => [OFFSET, BYTES]
	my ($name, $size, %o) = @_;
	my $h = pack 'a100 a8 a8 a8 a12 a12 a8 a1 a100 a8 a32 a32 a8 a8 a155 x12', $name, "0000644\0",
		"0000000\0", "0000000\0", $o{size} // sprintf("%011o\0", $size), "00000000000\0", ' ' x 8,
		$o{type} // '0', $o{link} // '', $o{magic} // "ustar\00000", '', '', '', '', '';
	substr($h, $o{at}[0], length $o{at}[1]) = $o{at}[1] if $o{at};
	substr($h, 148, 8) = $o{sum} // sprintf "%06o\0 ", unpack '%32C*', $h;
	return $h;
}
sub member {	# NAME DATA [FIELD => BYTES...]
	my ($name, $data, %o) = @_;
	return header($name, length $data, %o) . $data . "\0" x (-length($data) % 512);
}
sub pax { member('PaxHeaders/x', join('', @_), type => 'x') }
sub record { my $s = " $_[0]=$_[1]\n"; my $n = length $s; $n++ while $n < length($s) + length($n + 0); $n = length($s) + length $n; "$n$s" }
my $end = "\0" x 1024;

my %model = map { $_ => slurp("tiny/$_") } qw(config.json tokenizer.json model.safetensors);
sub model { join '', map { member($_, $model{$_}) } qw(config.json tokenizer.json model.safetensors) }

# NAME => [what the line says, the bytes]; the model is whole but for what is added.
sub tars {
	my $m = model();
	my $note = 'README.md';
	my %bad = (
		'dotdot' => ['leads out', member('../x.md', 'x')],
		'dotdot-inside' => ['leads out', member('a/../../x.md', 'x')],
		'absolute' => ['absolute', member('/tmp/x.md', 'x')],
		'symlink' => ["$note.*link", member($note, '', type => 2, link => '/etc/passwd')],
		'hardlink' => ["$note.*link", member($note, '', type => 1, link => 'config.json')],
		'char-device' => ["$note.*plain", member($note, '', type => 3)],
		'block-device' => ["$note.*plain", member($note, '', type => 4)],
		'fifo' => ["$note.*plain", member($note, '', type => 6)],
		'two-of-a-name' => ["two members.*$note", member($note, 'a') . member($note, 'b')],
		'two-configs' => ['two members.*config.json', member('config.json', '{}')],
		'two-spellings' => ["two members.*$note", member($note, 'a') . member("./$note", 'b')],
		'two-weights' => ['two members.*model.safetensors', member('model.safetensors', 'x')],
		'newline' => ['control char', member("READ\nME.md", 'x')],
		'escape' => ['control char', member("\e[31m.md", 'x')],
		'gnu-sparse' => ["$note", header($note, 512, type => 'S', magic => "ustar  \0",
			at => [386, sprintf "%011o\0%011o\0%011o\0%011o\0", 1 << 20, 512, 2 << 20, 0]) . 'x' x 512],
		'pax-sparse' => ['', pax(record('GNU.sparse.major', 1), record('GNU.sparse.minor', 0),
			record('GNU.sparse.name', $note), record('GNU.sparse.realsize', 1 << 40)) .
			member("GNUSparseFile.0/$note", "1\n0\n512\n" . "\0" x 503 . 'x' x 512)],
		'huge' => ['', header($note, 0, size => "77777777777\0")],
		'huge-binary' => ['', header($note, 0, size => "\x80\0\0\0\x3f" . "\xff" x 7)],
		'huge-weights' => ['', header('model.safetensors.bin', 0, size => "\x80\0\0\0\x3f" . "\xff" x 7)],
		'negative-binary' => ['', header($note, 0, size => "\xff" x 12)],
		'size-of-letters' => ['', header($note, 0, size => 'size of zero') . 'x' x 512],
		'pax-size-more' => ['', pax(record('size', 4096)) . member($note, 'x')],
		'pax-size-huge' => ['', pax(record('size', '9' x 30)) . member($note, 'x')],
		'pax-size-negative' => ['', pax(record('size', -512)) . member($note, 'x')],
		'pax-size-of-letters' => ['', pax(record('size', 'many')) . member($note, 'x')],
		'pax-long-record' => ['', pax("99 path=x.md\n") . member($note, 'x')],
		'pax-no-length' => ['', pax("path=x.md\n") . member($note, 'x')],
		'pax-length-0' => ['', pax("0 path=x.md\n") . member($note, 'x')],
		'pax-no-newline' => ['', pax('13 path=x.md ') . member($note, 'x')],
		'pax-no-equals' => ['', pax("13 path_x.md\n") . member($note, 'x')],
		'pax-dotdot' => ['leads out', pax(record('path', '../../x.md')) . member($note, 'x')],
		'pax-link' => ["link|plain", pax(record('linkpath', '/etc/passwd')) . member($note, '', type => 2)],
		'pax-no-name' => ['', pax(record('path', '')) . member('', 'x')],
		'pax-alone' => ['', pax(record('path', 'x.md')), 'fl-tokenize'],
		'pax-large' => ['', header('PaxHeaders/x', 64 << 20, type => 'x')],
		'gnu-name-dotdot' => ['leads out', member('././@LongLink', "../x.md\0", type => 'L') . member($note, 'x')],
		'gnu-name-large' => ['', header('././@LongLink', 1 << 30, type => 'L')],
		'no-name' => ['', member('', 'x')],
		'bad-sum' => ['', member($note, 'x', sum => "0000000\0")],
		'volume' => ['', member($note, 'x', type => 'M')],
		'early-end' => ['after its end', "\0" x 1024 . member($note, 'x')],
		'one-zero-block' => ['', "\0" x 512 . member($note, 'x')],
	);
	my %whole = (
		'empty' => ['empty', ''],
		'text' => ['neither', 'No model at all.'],
		'zeros' => ['no config|no token', "\0" x 10240],
		'cut-in-weights' => ['ends early', substr $m, 0, length($m) - 5000],
		'no-end' => ['ends early', $m],
		'half-an-end' => ['ends early', $m . "\0" x 512],
		'bytes-after-end' => ['after its end', $m . $end . 'x'],
		'padded-for-ever' => ['padding', $m . many("\0", 17 << 20)],
		'no-config' => ['no config|no token', member('model.safetensors', 'x') . $end],
		'no-weights' => ['no model.safetensors', member('config.json', $model{'config.json'}) .
			member('tokenizer.json', $model{'tokenizer.json'}) . $end, 'fl-tokenize'],
		'config-is-a-directory' => ['no config|no token', header('config.json/', 0, type => 5) . $end],
		'long-name' => ['more than 4096', member('././@LongLink', 'n' x 5000 . "\0", type => 'L') .
			member('x.md', '') . $m . $end],
		'too-many' => ['more than 10000', join('', map { member("$_.md", '') } 1 .. 10001) . $m . $end],
	);
	my %tar = map { $_ => [$bad{$_}[0], $bad{$_}[1] . $m . $end, $bad{$_}[2]] } keys %bad;
	return (%tar, %whole);
}

# Compressed archives

sub zstd {	# BYTES [OPTIONS]
	my ($bytes, @o) = @_;
	put('plain', $bytes);
	system("zstd -q -f @o plain -o packed") == 0 or die 'zstd';
	return slurp('packed');
}
# A frame of n blocks of 128 KiB of one letter each, four bytes a block, in a window of 128 KiB.
sub letters { my ($letter, $n, $window) = @_; ("\x28\xb5\x2f\xfd\0" . ($window // "\x38") . ("\2\0\x10$letter" x $n)) . "\1\0\0" }
sub flip { my ($s, $at) = @_; substr($s, $at, 1) ^= "\xff"; $s }

sub zsts {
	my $tar = model() . $end;
	my $z = zstd($tar);
	my ($config, $rest) = (member('config.json', $model{'config.json'}), model() . $end);
	my $bomb = sub { zstd(header($_[0], $_[2] << 17)) . letters($_[1], $_[2]) . zstd($config . $end) };
	return (
		'bad-checksum' => ['checksum', flip($z, length($z) - 1)],
		'bad-middle' => ['damaged', flip($z, length($z) / 2)],
		'reserved-bit' => ['damaged', flip(substr($z, 0, 5), 4) . substr $z, 5],
		'cut' => ['ends early', substr $z, 0, length($z) - 1000],
		'cut-checksum' => ['ends early', substr $z, 0, length($z) - 1],
		'window-too-large' => ['memory|window', "\x28\xb5\x2f\xfd\0\xa8" . substr $z, 6],
		'no-such-dictionary' => ['dictionary', "\x28\xb5\x2f\xfd\1\x58\7" . substr $z, 6],
		'says-less' => ['damaged', "\x28\xb5\x2f\xfd\x20\1\1\0\x10x"],
		'garbage-after' => ['damaged', $z . 'garbage after it'],
		'nothing-inside' => ['empty', zstd('')],
		'text-inside' => ['neither', zstd('No tar at all.')],
		'only-skipped' => ['empty', "\x50\x2a\x4d\x18\4\0\0\0skip" x 3],
		'skips-4-gib' => ['early', "\x50\x2a\x4d\x18\xff\xff\xff\xffskip" . $z],
		'skips-then-text' => ['damaged', "\x50\x2a\x4d\x18\4\0\0\0skip" . 'text, not a frame'],
		'no-tar-end' => ['ends early', zstd(model())],
		'bomb-of-zeros' => ['padding', letters("\0", 1 << 20)],
		'bomb-after-end' => ['padding', $z . letters("\0", 1 << 20, "\x88")],
		'bomb-config' => ['config.json', $bomb->('config.json', ' ', 1 << 12)],
		'bomb-in-front' => ['before', $bomb->('README.md', 'x', 1 << 12)],
		'bomb-in-front-of-two' => ['before', zstd(header('a.md', 60 << 20)) . letters('x', 480) .
			zstd(header('b.md', 60 << 20)) . letters('x', 480) . $z],
		'bomb-of-members' => ['more than 10000', zstd(join('', map { member("$_.md", '') } 1 .. 40000) . $rest)],
		'bomb-of-names' => ['more than 4096', zstd(join '', map {
			member('././@LongLink', many('n', 1000000) . "$_\0", type => 'L') . member('x.md', '') } 1 .. 300)],
		'bomb-of-arrays' => ['config.json', zstd(member('config.json', '[' . many('[],', 5000000) . '0]') . $rest), 'fl-tokenize'],
		'bomb-of-objects' => ['config.json', zstd(member('config.json', '[' . many('{},', 5000000) . '0]') . $rest), 'fl-tokenize'],
		'bomb-of-numbers' => ['config.json', zstd(member('config.json', '[' . many('1,', 8000000) . '0]') . $rest), 'fl-tokenize'],
		'deep' => ['config.json.*deeper', zstd(member('config.json', many('[', 10000000)) . $rest), 'fl-tokenize'],
	);
}

# Directories

sub directory {	# NAME FILE => BYTES...: tiny with these instead; undef removes
	my ($name, %file) = @_;
	my %all = (%model, %file);
	mkdir "in/$name" or die "$name: $!";
	defined $all{$_} and put("in/$name/$_", $all{$_}) for keys %all;
}
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
		'of-three' => ['shard.*missing|belong', %both, 'model-00003-of-00003.safetensors' => $x],
		'beside-a-whole' => ['belong', %both, 'model.safetensors' => $model{'model.safetensors'}],
		'in-two-shards' => ["tensor '\Q$last->[0]\E' is in", %both, $one => $model{'model.safetensors'}],
		'index-knows-more' => ['nowhere.*missing', %both, $i => $index->('nowhere.weight' => $one)],
		'index-knows-less' => ['not in the index', %both, $i => '{"weight_map":{}}'],
		'index-says-other-shard' => ['not where the index', %both, $i => $index->($last->[0] => $one)],
		'index-leads-out' => ['not where the index', %both, $i => $index->($last->[0] => '../../etc/passwd')],
		'index-absolute' => ['not where the index', %both, $i => $index->($last->[0] => '/etc/passwd')],
		'index-without-map' => ['weight_map', %both, $i => '{}'],
		'index-map-is-a-list' => ['weight_map', %both, $i => '{"weight_map":[]}'],
		'index-of-numbers' => ['not where the index', %both, $i => '{"weight_map":{"' . $last->[0] . '":2}}'],
		'index-no-json' => ['valid JSON', %both, $i => 'weights'],
		'vocabulary-of-another' => ['', 'config.json' => $config->(vocab_size => 999)],
		'layer-missing' => ['missing|number of layers', 'config.json' => $config->(num_hidden_layers => 3)],
		'layer-too-many' => ['belong|number of layers', 'config.json' => $config->(num_hidden_layers => 1)],
		'quantized-by-name-only' => ['weight|already', 'config.json' => $config->(model_type => '"llama",' .
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
		'missing-byte' => ['byte 0x21', $edit->('"!":33,\s*', '')],
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

# Files beside the model

sub metrics_files {
	my $m = slurp('metrics.safetensors');
	my $n = unpack 'Q<', $m;
	my ($h, $d) = (substr($m, 8, $n), substr $m, 8 + $n);
	my $with = sub { my ($from, $to) = @_; (my $s = $h) =~ s/$from/$to/ or die $from; container($s, $d) };
	my $value = sub { my $s = $d; substr($s, 0, 8) = $_[0]; container($h, $s) };
	return (
		'nothing' => ['fingerprint', container('{}', '')],
		'no-fingerprint' => ['fingerprint', $with->('"fingerprint"', '"finger"')],
		'short-fingerprint' => ['fingerprint', $with->('"fingerprint":"..', '"fingerprint":"')],
		'other-model' => ['model', $with->('"fingerprint":"....', '"fingerprint":"0000'), 'fl-info'],
		'layers-zero' => ['layers', $with->('"layers":"\d+"', '"layers":"0"')],
		'layers-many' => ['layers', $with->('"layers":"\d+"', '"layers":"99999999999999999999"')],
		'layers-more' => ['', $with->('"layers":"\d+"', '"layers":"3"')],
		'layers-word' => ['layers', $with->('"layers":"\d+"', '"layers":"two"')],
		'tokens-negative' => ['tokens', $with->('"tokens":"\d+"', '"tokens":"-1"')],
		'tokens-huge' => ['tokens', $with->('"tokens":"\d+"', '"tokens":"9223372036854775807"')],
		'ffn-huge' => ['ffn', $with->('"ffn":"\d+"', '"ffn":"2147483647"')],
		'unknown-member' => ['ffn.sum_qs', $with->('"ffn.sum_sq"', '"ffn.sum_qs"')],
		'not-double' => ['F64', $with->('"F64"', '"I64"')],
		'nan' => ['finite', $value->("\xff" x 8)],
		'infinity' => ['finite', $value->(pack 'd<', 9**9**9)],
		'negative' => ['negative', $value->(pack 'd<', -1)],
		'short' => ['early', substr $m, 0, length($m) - 8],
		'long' => ['after its end', $m . 'x'],
	);
}

sub token_files {
	my $t = slurp('tiny.tok');
	return (
		'odd' => ['multiple of 4', $t . 'x'],
		'three-bytes' => ['multiple of 4', 'abc'],
		'beyond-at-first' => ['token 0 .*320', pack('V', 320) . $t],
		'beyond-at-last' => ['token 100 .*320', $t . pack 'V', 320],
		'all-ones' => ['4294967295', $t . "\xff" x 4],
		'big-endian' => ['beyond', pack 'N*', unpack 'V*', $t],
	);
}

sub tables {
	my $h = "arch\tloss_nats\tttft_8_s\n";
	return (
		'empty' => ['empty', ''],
		'no-arch' => ["not 'arch'", "loss_nats\tttft_8_s\n1\t2\n"],
		'no-name' => ['no name', "arch\t\tttft_8_s\nd32-f64-ff\t1\t2\n"],
		'two-of-a-name' => ['two columns', "arch\tloss_nats\tloss_nats\nd32-f64-ff\t1\t2\n"],
		'short-row' => ['line 3', $h . "d32-f64-ff\t1\t2\nd32-f32-ff\t1\n"],
		'long-row' => ['line 2', $h . "d32-f64-ff\t1\t2\t3\n"],
		'nul' => ['NUL', $h . "d32-f64-ff\t1\t\0\n"],
		'arch-word' => ['', $h . "base\t1\t2\n"],
		'arch-overflow' => ['', $h . "d99999999999-f64-ff\t1\t2\n"],
		'word' => ['loss_nats', $h . "d32-f64-ff\tgood\t2\n"],
		'infinity' => ['loss_nats', $h . "d32-f64-ff\tinf\t2\n"],
		'overflow' => ['loss_nats', $h . "d32-f64-ff\t1e999\t2\n"],
		'hexadecimal' => ['loss_nats', $h . "d32-f64-ff\t0x10\t2\n"],
		'many-columns' => ['4096', join("\t", 'arch', map "c$_", 1 .. 5000) . "\n"],
		'binary' => ['', join '', map chr, 1 .. 255],
		'one-long-line' => ['', many('a', 20 << 20)],
		'tabs' => ['', many("\t", 20 << 20)],
	);
}

sub spaces {
	my %s = (layers => '2..3', width => '32..64/32', ffn => '64..128/32', letters => 'f s');
	my $with = sub { my %t = (%s, @_); join '', map { defined $t{$_} ? "$_ $t{$_}\n" : '' } sort keys %t };
	return (
		'empty' => ['missing', ''],
		'unknown-key' => ['depth', $with->(depth => 3)],
		'no-layers' => ['layers', $with->(layers => undef)],
		'reversed' => ['layers', $with->(layers => '3..2')],
		'zero' => ['layers', $with->(layers => '0..2')],
		'negative' => ['layers', $with->(layers => '-1..2')],
		'huge' => ['layers', $with->(layers => '1..99999999999999999999')],
		'many-layers' => ['layers', $with->(layers => '1..100000')],
		'step-zero' => ['width', $with->(width => '32..64/0')],
		'step-over' => ['width', $with->(width => '32..64/48')],
		'width-odd' => ['width', $with->(width => '33..65/32')],
		'real' => ['ffn', $with->(ffn => '1e2')],
		'no-letters' => ['letters', $with->(letters => '')],
		'letter-unknown' => ['letters', $with->(letters => 'f q')],
		'letter-twice' => ['letters', $with->(letters => 'f f')],
		'run-zero' => ['', $with->(letters => 's', 'max-run' => 1)],
		'run-negative' => ['max-run', $with->('max-run' => -1)],
		'first-unknown' => ['first', $with->(first => 'w')],
		'window-zero' => ['window', $with->(window => 0)],
		'word-too-many' => ['layers|word', $with->(layers => '2..3 4')],
		'key-twice' => ['layers', $with->() . "layers 2\n"],
		'nul' => ['NUL', $with->() . "\0"],
		'binary' => ['', "\xff\xfe" x 100],
		'long' => ['', many('x', 20 << 20)],
	);
}

# Kinds

# Files go to in/, the bytes of a directory's file to in/NAME/FILE, and what is expected of them to `cases`.
open my $cases, '>>', 'cases' or die;
sub note { print $cases join("\t", @_), "\n" }
sub files { my ($suffix, %case) = @_;
	for (sort keys %case) {
		put("in/$_$suffix", $case{$_}[1]);
		note("$_$suffix", $case{$_}[0], $case{$_}[2] // '');
	}
}
sub directories { my ($file, %case) = @_;
	for (sort keys %case) {
		my ($says, @files) = @{ $case{$_} };
		directory($_, $file ? ($file => $files[0]) : @files);
		note($_, $says);
	}
}

my %kind = (	# what makes the inputs, and the commands that read them
	tar => [sub { files('.tar', tars()) }, @transform, @tokenize],
	zstd => [sub { files('.tar.zst', zsts()) }, @transform, @tokenize],
	safetensors => [sub { directories('model.safetensors', safetensors()) }, @transform],
	shards => [sub { directories(undef, shards()) }, @transform],
	config => [sub { directories('config.json', configs()) }, @config],
	history => [sub { directories('fl-history.jsonl', histories()) }, [qw(fl-info IN)]],
	generation => [sub { directories('generation_config.json', side_files()) }, $transform[-1]],
	special => [sub { directories('tokenizer_config.json', side_files(),
		'bos-of-another' => ['<s>', '{"bos_token":"<s>"}'],
		'bos-missing' => ['bos_token', '{"add_bos_token":true}']) }, @tokenize],
	tokenizer => [sub { directories('tokenizer.json', tokenizers()) }, @tokenize],
	metrics => [sub { files('.safetensors', metrics_files()) }, @metrics],
	tokens => [sub { files('.tok', token_files()) }, @tokens],
	table => [sub { files('.tsv', tables()) }, @table],
	space => [sub { files('.space', spaces()) }, @space],
);

# Three processes: what makes the inputs is large, what forks the tools is to be small, and limited.
my ($kind, $step) = @ARGV;
if (!$step) {
	system 'rm -rf in work cases && mkdir in work';
	system($^X, $0, $kind, 'make') == 0 or die "cannot make '$kind'";
	exec 'sh', '-c', 'ulimit -v 262144 && exec "$@"', 'sh', $^X, $0, $kind, 'try';
}
my ($make, @commands) = @{ $kind{$kind} };
if ($step eq 'make') {
	$make->();
	exit;
}
for (split /\n/, slurp('cases')) {
	my ($name, $says, $not) = split /\t/;
	each_tool($name, $says // '', $not, @commands);
}
print "$kind: $inputs inputs, $runs runs\n";
exit($failed > 0);
