/* SPDX-License-Identifier: Apache-2.0 */
/* The same as json.c of the parser for programs that have libc alone: it takes the place of the library's. */
#define FL_PORTABLE
#include "base/json_portable.c"
#include "base/json_portable_parse.c"
#include "json.c"
