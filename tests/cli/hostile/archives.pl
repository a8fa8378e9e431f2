# SPDX-License-Identifier: Apache-2.0
# archives.pl -- tars and compressed tars: NAME => [what the line must say, the bytes, the tool not to try].
use strict;
use warnings;

our %model;	# the bytes of tiny/, by the names of its files

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

1;
