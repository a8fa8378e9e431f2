/* SPDX-License-Identifier: Apache-2.0 */
/* chat_messages.c -- checks the messages of a conversation, and gives them the form that templates expect. */
#include "model/chat_messages.h"

#include <string.h>

/* Returns the text of a part, which is {"type": "text", "text": ...}, perhaps without its type, or a string; NULL of
 * any other part. */
static const char *
part_text(const struct fl_json *part)
{
	const char *type = fl_json_str(fl_json_get(part, "type"));
	const struct fl_json *text = fl_json_str(part) ? part : fl_json_get(part, "text");
	bool other = (type && strcmp(type, "text") != 0) || !fl_json_str(text);

	return other || strlen(fl_json_str(text)) < fl_json_str_len(text) ? NULL : fl_json_str(text);
}

static int
check_content(const struct fl_json *content, size_t number, struct fl_err *err)
{
	if (fl_json_type(content) <= FL_JSON_NULL || fl_json_str(content))
		return 0;
	if (fl_json_type(content) != FL_JSON_ARRAY)
		return fl_err_data(err, "the content of message %zu is neither text nor a list of text parts", number);
	for (size_t i = 0; i < fl_json_len(content); i++) {
		const struct fl_json *part = fl_json_at(content, i);
		const char *type = fl_json_str(fl_json_get(part, "type"));

		if (!part_text(part))
			return fl_err_data(err, "part %zu of message %zu is no text%s%s", i + 1, number,
			    type ? " but " : "", type ? type : "");
	}
	return 0;
}

/* The first name of reasoning that is there gives its value to the others, as in transformers. */
static void
name_reasoning(struct fl_json *message)
{
	static const char *const names[] = { "reasoning_content", "thinking", "reasoning" };
	const struct fl_json *reasoning = NULL;

	for (size_t i = 0; i < 3 && !reasoning; i++)
		reasoning = fl_json_get(message, names[i]);
	for (size_t i = 0; i < 2 && reasoning; i++)
		if (!fl_json_get(message, names[i]))
			fl_json_set(message, names[i], fl_json_copy(reasoning));
}

static struct fl_json *
message_of(const struct fl_json *given)
{
	struct fl_json *message = fl_json_new_object();

	for (void *it = fl_json_first(given); it; it = fl_json_next(given, it))
		if (fl_json_type(fl_json_value(it)) != FL_JSON_NULL)
			fl_json_set(message, fl_json_key(it), fl_json_copy(fl_json_value(it)));
	name_reasoning(message);
	return message;
}

struct fl_json *
fl_chat_messages(const struct fl_json *conversation, struct fl_err *err)
{
	bool bare = fl_json_type(conversation) == FL_JSON_ARRAY;
	const struct fl_json *given = bare ? conversation : fl_json_get(conversation, "messages");
	struct fl_json *messages = fl_json_new_array();
	int bad = 0;

	if (fl_json_type(given) != FL_JSON_ARRAY)
		bad = fl_err_data(err, "no 'messages', a list of objects with role and content");
	for (size_t i = 0; !bad && i < fl_json_len(given); i++) {
		const struct fl_json *m = fl_json_at(given, i);

		if (!fl_json_str(fl_json_get(m, "role")))
			bad = fl_err_data(err, "message %zu has no role", i + 1);
		else
			bad = check_content(fl_json_get(m, "content"), i + 1, err);
		if (!bad)
			fl_json_push(messages, message_of(m));
	}
	if (!bad)
		return messages;
	fl_json_free(messages);
	return NULL;
}

bool
fl_chat_is_unweighted(const struct fl_json *message)
{
	return fl_json_real(fl_json_get(message, "weight"), 1) == 0;
}

bool
fl_chat_is_answer(const struct fl_json *message)
{
	return strcmp(fl_json_str(fl_json_get(message, "role")), "assistant") == 0 && !fl_chat_is_unweighted(message);
}

bool
fl_chat_is_flat(const struct fl_json *message)
{
	const struct fl_json *content = fl_json_get(message, "content");

	return content ? fl_json_str(content) != NULL : !fl_json_get(message, "tool_calls");
}

void
fl_chat_flatten(struct fl_json *message)
{
	const struct fl_json *content = fl_json_get(message, "content");
	struct fl_str text = { 0 };

	if (fl_chat_is_flat(message))
		return;
	fl_str_puts(&text, "");
	for (size_t i = 0; i < fl_json_len(content); i++)
		fl_str_printf(&text, "%s%s", i > 0 ? "\n" : "", part_text(fl_json_at(content, i)));
	fl_json_set(message, "content", fl_json_new_str(text.data));
	fl_str_free(&text);
}
