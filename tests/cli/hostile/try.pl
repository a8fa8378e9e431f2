# SPDX-License-Identifier: Apache-2.0
# try.pl -- makes broken and hostile inputs of one kind and gives each to the tools that read it.
#
#	try.pl KIND	in a directory with tiny/, tiny.tok, metrics.safetensors (see hostile.bats)
#
# Each run must end with exit 3 within ten seconds of processor time and 256 MiB of address space, print
# nothing but one line on standard error that names the input and what is wrong there, and leave no file.
# What does not is printed; then how many inputs were tried how often. The exit status is 1 if any did not.
use strict;
use warnings;
use File::Basename;
use File::Spec::Functions 'rel2abs';

our %model;
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
		alarm 120;	# survives exec
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

# Where there are many commands they take turns, from a file and from a pipe; with ALL set each has its turn.
my ($turn, $share) = (0, $ENV{ALL} ? 1 : 7);	# 7 divides no number of turns
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

# Kinds

sub directory {	# NAME FILE => BYTES...: tiny with these instead; undef removes
	my ($name, %file) = @_;
	my %all = (%model, %file);
	mkdir "in/$name" or die "$name: $!";
	defined $all{$_} and put("in/$name/$_", $all{$_}) for keys %all;
}

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
		'bos-of-another' => ['<s>', '{"bos_token":"<s>"}']) }, @tokenize],
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
	exec 'sh', '-c', 'ulimit -v 262144; ulimit -t 10; exec "$@"', 'sh', $^X, $0, $kind, 'try';
}
my ($make, @commands) = @{ $kind{$kind} };
if ($step eq 'make') {
	%model = map { $_ => slurp("tiny/$_") } qw(config.json tokenizer.json model.safetensors);
	require $_ for glob rel2abs(dirname($0)) . '/{archives,models,files}.pl';
	$make->();
	exit;
}
for (split /\n/, slurp('cases')) {
	my ($name, $says, $not) = split /\t/;
	each_tool($name, $says // '', $not, @commands);
}
print "$kind: $inputs inputs, $runs runs\n";
exit($failed > 0);
