/*
 * How the public key of a server's certificate is named where it is pinned ([account NAME] pins).
 */
#pragma once

#include <openssl/x509.h>

/* RFC 7469 2.4: SHA-256 of the certificate's SubjectPublicKeyInfo, as "sha256//BASE64". The caller's. */
char *pin_of(const X509 *certificate);
