#include "net/http/SHttpRequest.h"

#include "net/http/HttpText.h"

namespace switchboard {

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
