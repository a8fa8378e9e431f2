/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks a template, the rest is a file of conversations. What is learnt from it stands in whole rows and
 * is counted. */
#include "base/log.h"
#include "fuzz.h"
#include "model/chat_file.h"
#include "model/samples.h"

enum { LENGTH = 64, VOCAB = 303 };

#define TURNS(CONTENT) "{% for m in messages %}{{ bos_token + m.role }}" CONTENT "{{ eos_token }}{% endfor %}" \
	"{{ bos_token + 'assistant' if add_generation_prompt else pad_token }}"

/* Strings; text parts; the reasoning of the last message alone; marked answers. */
static const char *const templates[] = {
	TURNS("{{ '' + m.content }}"),
	TURNS("{% for p in m.content %}{{ p.text }}{% endfor %}"),
	TURNS("{{ '<think>' ~ m.thinking if loop.last }}{{ m.content | tojson }}"),
	"{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}",
};

static struct fl_chat *
open_chat(const char *source)
{
	static char *json;
	static size_t len;
	static const char config[] = "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", "
				     "\"pad_token\": \"<|endoftext|>\"}";
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };
	struct fl_err err = { 0 };
	struct fl_tokenizer *t;

	if (!json)
		json = fl_slurp("tests/data/tokenizer/level.json", 1 << 20, &len, &err);
	file[FL_TOKENIZER_JSON] = (struct fl_tokenizer_text){ json, len };
	t = json ? fl_tokenizer_new(file, &err) : NULL;
	if (!t)
		abort();
	return fl_chat_new(t, config, strlen(config), source, strlen(source), &err);
}

static void
check(const struct fl_chat_file *f)
{
	size_t answers = 0;

	for (size_t i = 0; i < f->n; i++) {
		answers += (f->flag[i] & FL_SAMPLE_SCORED) != 0;
		if (f->id[i] >= VOCAB)
			abort();
	}
	if (f->n == 0 || f->n % LENGTH || answers == 0 || answers != f->answers || f->renderings < f->cut)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_chat *c = open_chat(templates[size > 0 ? data[0] % 4 : 0]);
	struct fl_err err = { 0 };
	struct fl_chat_file f;
	char path[FUZZ_PATH];
	bool ok;
	int fd;

	fl_log_init("chat", -1);
	fuzz_open(data + (size > 0), size - (size > 0), false, &fd, path);
	ok = fl_chat_file_read(&f, path, c, LENGTH, VOCAB, &err) == 0;
	fuzz_check(ok, &err);
	if (ok)
		check(&f);
	fl_chat_file_free(&f);
	fl_chat_free(c);
	close(fd);
	return 0;
}
