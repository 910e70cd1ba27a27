#include "net/SHttpRequest.h"

#include <algorithm>

namespace switchboard {

bool IsHttpName(std::string_view text, std::string_view lower) {
  const auto isSame = [](char c, char small) { return c == small || (c >= 'A' && c <= 'Z' && (c | 0x20) == small); };
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), isSame);
}

std::optional<std::string_view> SHttpRequest::Find(std::string_view name) const {
  for (const SHttpField& field : Fields()) {
    if (IsHttpName(field.name, name)) return field.value;
  }
  return std::nullopt;
}

void SHttpRequest::Reset() {
  method = EHttpMethod::kOther;
  minorVersion = 1;
  isKeepAlive = isChunked = expectsContinue = false;
  contentLength = 0;
  methodName = target = head = body = {};
  fieldCount = 0;
}

}  // namespace switchboard
