/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint.h -- which model a file was made for. */
#ifndef FL_MODEL_FINGERPRINT_H
#define FL_MODEL_FINGERPRINT_H

#include "base/digest.h"
#include "model/config.h"

/* Digest of the configuration's meaning and of the names, shapes and types of its tensors. Metrics
 * carry it. Returns hex. */
char *fl_config_fingerprint(const struct fl_config *c, char hex[FL_DIGEST_LEN]);

#endif
