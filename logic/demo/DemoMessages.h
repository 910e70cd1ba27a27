// The bodies of the demo messages, byte for byte as they travel, and the reading of their text fields.
#pragma once

#include <algorithm>
#include <boost/endian/arithmetic.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "misc/IsUtf8.h"

namespace switchboard {

inline constexpr size_t kUsernameBytes = 56;  // the terminating NUL included
inline constexpr size_t kPasswordBytes = 40;  // the terminating NUL included

#pragma pack(push, 1)
// Body of kRegister. The type is the client's own, kept with the account.
struct SRegisterBody {
  boost::endian::big_int32_t type;
  char username[kUsernameBytes];
  char password[kPasswordBytes];
};

// Body of kLogin.
struct SLoginBody {
  char username[kUsernameBytes];
  char password[kPasswordBytes];
};

// Body of the reply to kRegister and kLogin: an EDemoResult.
struct SResultBody {
  boost::endian::big_int32_t result;
};
#pragma pack(pop)

static_assert(sizeof(SRegisterBody) == 100 && sizeof(SLoginBody) == 96 && sizeof(SResultBody) == 4);

// What SResultBody carries; the values are part of the wire format.
enum class EDemoResult : int32_t {
  kOk = 0,
  kNameTaken = 1,
  kBadCredentials = 2,  // unknown user or wrong password: one answer, so that nobody learns which names exist
  kBadField = 3,        // a text field that TextField refuses
  kStoreFailure = 4,    // the account store could not answer; the log says why
};

// The text of a fixed array, up to its first NUL; what follows the NUL is ignored. The view points into the array.
// Nothing when the array holds no NUL, or the text is empty or not well-formed UTF-8.
constexpr std::optional<std::string_view> TextField(std::span<const char> field) {
  const auto end = std::find(field.begin(), field.end(), '\0');
  if (end == field.begin() || end == field.end()) return std::nullopt;
  const std::string_view text(field.data(), static_cast<size_t>(end - field.begin()));
  if (!IsUtf8(text)) return std::nullopt;
  return text;
}

}  // namespace switchboard
