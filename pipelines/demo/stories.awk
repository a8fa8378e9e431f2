# SPDX-License-Identifier: Apache-2.0
# stories.awk -- little stories for the demo's backbone: awk -v n=1000 -v seed=1 -f stories.awk
#
# Text that a model of a million weights can learn in minutes and whose errors a reader sees at once: who a
# story is about must be remembered, "he" and "she" must agree with the name, what was lost is what is found,
# where it is found fits what it is, a mood follows from what happened, and sums come out right. One story a
# line, a line of <|endoftext|> between two. The same bytes everywhere: the random numbers are this file's own.

# A linear congruential generator whose products stay below 2^53, where every awk's numbers are exact.
function below(k) {
	state = (state * 1103515 + 12345) % 2147483647
	return int(state / 7) % k
}

function pick(list,   part) {
	return split(list, part, "|") ? part[below(split(list, part, "|")) + 1] : ""
}

function count(k) {
	return word[k]
}

function many(thing, k) {
	return count(k) " " thing (k == 1 ? "" : "s")
}

function who(   boy) {
	boy = below(2)
	name = boy ? pick("Tom|Ben|Sam|Max|Leo|Tim|Jack|Finn") : pick("Lily|Mia|Anna|Sue|Emma|Zoe|Lucy|Nora")
	he = boy ? "he" : "she"
	his = boy ? "his" : "her"
	him = boy ? "him" : "her"
	child = boy ? "boy" : "girl"
	do friend = pick("Tom|Ben|Sam|Max|Leo|Lily|Mia|Anna|Sue|Emma"); while (friend == name)
}

function capital(s) {
	return toupper(substr(s, 1, 1)) substr(s, 2)
}

function opening() {
	return pick("Once upon a time, there was a |One day, there was a |There once was a ") \
		pick("little|small|young|happy|kind|brave") " " child " named " name ". "
}

# Something is lost, looked for where it is not, and found where such things are found.
function lost(   thing, place, wrong, color) {
	split(pick("kite,in a tree|ball,under the bed|boat,in the pond|book,on the shelf|hat,behind the door|" \
		"key,in the drawer|cup,on the table|doll,in the box"), fact, ",")
	thing = fact[1]; place = fact[2]
	color = pick("red|blue|green|yellow|big|old|new")
	do wrong = pick("in a tree|under the bed|on the shelf|behind the door|in the box"); while (wrong == place)
	return name " had a " color " " thing ". " capital(he) " loved the " thing " very much. But one day, the " thing \
		" was gone. " name " was sad. " capital(he) " looked " wrong ", but the " thing " was not there. " \
		pick("Then " friend " came to help|" friend " wanted to help " him) ". They looked " place " and there was the " color " " thing \
		"! " name " was happy again. " capital(he) " said, \"Thank you, " friend "!\""
}

# Something is given, counted, and shared.
function shared(   thing, a, b) {
	thing = pick("apple|cookie|shell|flower|stone|nut|egg|star")
	a = 1 + below(5); b = 1 + below(4)
	return name " had " many(thing, a) ". " friend " gave " him " " many(thing, b) ". Now " name " had " \
		many(thing, a + b) ". " capital(he) " was very happy and said, \"" capital(many(thing, a + b)) "!\" " \
		"Then " name " gave one " thing " to " his " " pick("mom|dad|cat|dog|sister|brother") " and had " \
		many(thing, a + b - 1) " left."
}

# An animal's sound, and what it wants.
function animal() {
	split(pick("dog,woof,a bone|cat,meow,some milk|cow,moo,green grass|duck,quack,some bread|" \
		"bird,tweet,a seed|frog,croak,a fly|sheep,baa,green grass|pig,oink,an apple"), fact, ",")
	return "In the " pick("garden|park|forest|yard") ", " name " saw a " pick("little|big|funny|hungry") " " fact[1] \
		". The " fact[1] " said, \"" capital(fact[2]) ", " fact[2] "!\" " name " asked, \"Do you want " fact[3] "?\" The " fact[1] \
		" was hungry, so " name " gave the " fact[1] " " fact[3] ". The " fact[1] " ate " \
		"it all and was happy. From that day, " name " and the " fact[1] " were friends."
}

# Weather decides what can be done.
function weather() {
	split(pick("sunny,went to the park,played in the sun,warm|rainy,stayed at home,read a book,dry|" \
		"windy,went up the hill,flew a kite,cold|snowy,went outside,made a snowman,cold|" \
		"dark,went to bed,looked at the stars,sleepy"), fact, ",")
	return "It was a " fact[1] " day. " name " " fact[2] " with " friend ". They " fact[3] " together. " \
		"In the end, " name " was " fact[4] " and " pick("tired|happy|glad") ". \"That was a " \
		fact[1] " day,\" said " friend ". \"Yes,\" said " name ", \"and we " fact[3] ".\""
}

BEGIN {
	split("one two three four five six seven eight nine ten", word, " ")
	state = seed * 7919 + 104729
	for (s = 1; s <= n; s++) {
		who()
		kind = below(4)
		print opening() (kind == 0 ? lost() : kind == 1 ? shared() : kind == 2 ? animal() : weather())
		if (s < n)
			print "<|endoftext|>"
	}
}
