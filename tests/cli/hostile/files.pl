# SPDX-License-Identifier: Apache-2.0
# files.pl -- files that are read beside a model: NAME => [what the line must say, the bytes].
use strict;
use warnings;

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

1;
