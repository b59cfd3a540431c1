/* SPDX-License-Identifier: Apache-2.0 */
/* One-time set-up of the library context, and raw keys in and out of it. */
#include "crypto/ossl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "crypto/cert.h"

static struct dp_ossl ossl;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void setup(void)
{
    ossl.lib = OSSL_LIB_CTX_new();
    if (ossl.lib != NULL)
        ossl.provider = OSSL_PROVIDER_load(ossl.lib, "default");
    if (ossl.provider != NULL) {
        ossl.sha256 = EVP_MD_fetch(ossl.lib, "SHA2-256", NULL);
        ossl.aes_256_gcm = EVP_CIPHER_fetch(ossl.lib, "AES-256-GCM", NULL);
        ossl.hmac = EVP_MAC_fetch(ossl.lib, OSSL_MAC_NAME_HMAC, NULL);
        ossl.scrypt = EVP_KDF_fetch(ossl.lib, OSSL_KDF_NAME_SCRYPT, NULL);
        ossl.node_ext = OBJ_txt2obj(DP_CERT_OID, 1);
    }
    if (ossl.sha256 == NULL || ossl.aes_256_gcm == NULL || ossl.hmac == NULL || ossl.scrypt == NULL ||
        ossl.node_ext == NULL) {
        dp_log(DP_LOG_ERROR, "OpenSSL has not the algorithms this program needs");
        abort();
    }
}

const struct dp_ossl *dp_ossl_get(void)
{
    pthread_once(&once, setup);
    return &ossl;
}

EVP_PKEY *dp_ossl_private(const char *algorithm, const struct dp_key *k)
{
    return EVP_PKEY_new_raw_private_key_ex(dp_ossl_get()->lib, algorithm, NULL, k->b, sizeof(k->b));
}

EVP_PKEY *dp_ossl_public(const char *algorithm, const struct dp_key *k)
{
    return EVP_PKEY_new_raw_public_key_ex(dp_ossl_get()->lib, algorithm, NULL, k->b, sizeof(k->b));
}
