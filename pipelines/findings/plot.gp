# SPDX-License-Identifier: Apache-2.0
# plot.gp -- the findings as one picture of six panels; findings.mk sets dir, table, out, n, last and png.

if (png) set terminal pngcairo size 1500,900 font ',11' background 'white'
if (!png) set terminal svg size 1500,900 font ',14' background 'white'
set output out
set datafile separator tab
set datafile missing ''
set border 3
set tics nomirror out
set format y '%g'
unset key
blue = '#4477aa'; red = '#aa3377'; grey = '#bbbbbb'; green = '#228833'

decode = dir . '/decode.tsv'; runs = dir . '/runs.tsv'; chunk = dir . '/chunk.tsv'; shape = dir . '/shape.tsv'
has(file, column) = int(system(sprintf("head -qn 1 %s 2>&- | tr '\t' '\n' | grep -cx %s || true", file, column)))
rows(file) = int(system(sprintf("cat %s 2>&- | wc -l", file)))
if (has(table, 'decode_' . n . '_tok_s')) decode = table
flop = 'ttft_' . n . '_flop'; ttft = 'ttft_' . n . '_s'
dflop = 'decode_' . n . '_flop'; rate = 'decode_' . n . '_tok_s'
nothing(what) = sprintf("set label 1 'not measured: %s' at graph .5,.5 center noenhanced", what)
empty = "set xrange [0:1]; set yrange [0:1]; unset xtics; unset ytics; plot NaN; set xtics nomirror out auto; set ytics nomirror out auto; set autoscale; unset label 1"

set multiplot layout 2,3

set title 'Does work predict the time of a prompt?'
set xlabel 'floating-point operations, ' . n . ' tokens'; set ylabel 'time to first token, s'
set logscale xy; set format x '10^{%T}'
if (has(table, flop) && has(table, ttft)) {
	plot table using (column(flop)):(column(ttft)) with points pt 7 ps .6 lc rgb blue
} else { unset logscale; eval nothing(flop); eval empty }

set title 'Does it predict the time of decoding?'
set xlabel 'floating-point operations, a token after ' . n; set ylabel 'time of a token, s'
set logscale xy
if (has(decode, dflop) && has(decode, rate)) {
	plot decode using (column(dflop)):(1 / column(rate)) with points pt 7 ps .6 lc rgb blue
} else { unset logscale; eval nothing(rate); eval empty }
unset logscale; set format x '%g'

set title 'Which layers does the frontier have?'
set xlabel ''; set ylabel 'share of layers'
set yrange [0:1]; set xrange [-.5:2.5]; set xtics ('full' 0, 'window' 1, 'skip' 2)
set key top right
stats shape using 5 name 'full' nooutput; stats shape using ($8 > 0 ? $5 : NaN) name 'ffull' nooutput
stats shape using 6 name 'window' nooutput; stats shape using ($8 > 0 ? $6 : NaN) name 'fwindow' nooutput
stats shape using 7 name 'skip' nooutput; stats shape using ($8 > 0 ? $7 : NaN) name 'fskip' nooutput
set boxwidth .35; set style fill solid
set print $shares
print sprintf("0\t%g\t%g", full_mean, ffull_mean)
print sprintf("1\t%g\t%g", window_mean, fwindow_mean)
print sprintf("2\t%g\t%g", skip_mean, fskip_mean)
set print
plot $shares using ($1 - .18):2 with boxes lc rgb grey title 'all tried', \
	$shares using ($1 + .18):3 with boxes lc rgb blue title 'on the frontier'
set autoscale; set xtics auto; unset key

set title 'How deep is the frontier?'
set xlabel 'time to first token, s'; set ylabel 'layers'
set logscale x; set offsets 0, 0, .5, .5; set ytics 1
plot shape using 10:2 every ::1 with points pt 7 ps .6 lc rgb grey, \
	shape using ($8 > 0 ? $10 : NaN):2 every ::1 with points pt 7 ps 1 lc rgb blue
unset logscale; unset offsets; set ytics auto

set title 'What do long runs without attention cost?'
set xlabel 'runs of at most 3: loss, nats'; set ylabel 'runs of 4: loss, nats'
if (rows(runs) > 1) {
	pairs = "< awk -F '\t' 'NR == 1 { for (i = NF; i; i--) if ($i == \"loss_nats\") y = i; next } { l[$1] = $y } " . \
		"END { for (a in l) if (a ~ /ssfss/) { b = c = a; sub(/ssfss/, \"ssssf\", b); sub(/ssfss/, \"fssss\", c); " . \
		"print l[a] \"\t\" l[b]; print l[a] \"\t\" l[c] } }' " . runs
	stats pairs using 1 name 'short' nooutput; stats pairs using 2 name 'long' nooutput
	lo = short_min < long_min ? short_min : long_min; hi = short_max > long_max ? short_max : long_max
	pad = .1 * (hi - lo) + 1e-6 * hi; lo = lo - pad; hi = hi + pad
	step = 10 ** floor(log10(hi - lo)); step = (hi - lo) / step < 3 ? step / 2 : (hi - lo) / step > 5 ? step * 2 : step
	set xrange [lo:hi]; set yrange [lo:hi]; set xtics step; set ytics step
	plot x with lines lc rgb grey, pairs using 1:2 with points pt 7 ps .9 lc rgb red
	set autoscale; set xtics auto; set ytics auto
} else { eval nothing('longer runs'); eval empty }

set title 'In what chunks should a prompt be computed?'
set xlabel 'tokens a chunk'; set ylabel 'time to first token, ' . last . ' tokens, s'
ttft = 'ttft_' . last . '_s'
if (rows(chunk) > 1) {
	set logscale x 2; set xrange [*:*] noextend; set yrange [0:*]; set offsets graph .05, graph .05
	plot chunk using (column('chunk')):(column(ttft)):(column(ttft . '_sd')) with yerrorlines pt 7 ps .9 lc rgb green
} else { eval nothing('chunks'); eval empty }

unset multiplot
