#include "storage/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace gristmill {
namespace {

EVP_MD_CTX* Evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

void Sha256::Free::operator()(void* context) const { EVP_MD_CTX_free(Evp(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  GM_CHECK(EVP_DigestInit_ex(Evp(context_.get()), EVP_sha256(), nullptr) == 1);
}

void Sha256::Update(std::string_view bytes) {
  GM_CHECK(EVP_DigestUpdate(Evp(context_.get()), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::string digest(kSha256Bytes, '\0');
  GM_CHECK(EVP_DigestFinal_ex(Evp(context_.get()), reinterpret_cast<unsigned char*>(digest.data()),
                              nullptr) == 1);
  return digest;
}

std::string HexOf(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

}  // namespace gristmill
