/* SPDX-License-Identifier: Apache-2.0 */
/* chat_messages.h -- the messages of a conversation as chat templates take them.
 *
 * Templates are given what transformers gives them: members that are null are left out, since tables of conversations
 * have one column for all roles, and reasoning has each of the names that templates look for (reasoning_content,
 * thinking). The content of a message is a string or a list of text parts; beside tool_calls there may be none. */
#ifndef FL_MODEL_CHAT_MESSAGES_H
#define FL_MODEL_CHAT_MESSAGES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* The messages of {"messages": [...]}, or of a conversation that is the list itself: an array, the caller's. NULL with
 * err set: no such list, a message without a role, content that is no text. */
struct fl_json *fl_chat_messages(const struct fl_json *conversation, struct fl_err *err) FL_MUST_USE;

/* The assistant's, and one to learn: not of weight 0, as OpenAI's format marks those that are only read. */
bool fl_chat_is_answer(const struct fl_json *message);
bool fl_chat_is_unweighted(const struct fl_json *message);
bool fl_chat_is_flat(const struct fl_json *message);   /* fl_chat_flatten() would leave it alone */

/* Makes the content a string, as vLLM does for templates that want one: its parts with line breaks between them, and ""
 * where there is none beside tool_calls. */
void fl_chat_flatten(struct fl_json *message);

#endif
