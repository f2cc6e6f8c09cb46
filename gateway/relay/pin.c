/*
 * One hash. No state.
 */
#include "pin.h"

#include <glib.h>
#include <openssl/sha.h>

char *
pin_of(const X509 *certificate)
{
	unsigned char *key = NULL, digest[SHA256_DIGEST_LENGTH];
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);

	g_assert(size > 0);
	SHA256(key, (size_t)size, digest);
	OPENSSL_free(key);
	g_autofree char *written = g_base64_encode(digest, sizeof digest);
	return g_strconcat("sha256//", written, NULL);
}
