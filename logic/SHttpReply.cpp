#include <algorithm>
#include <array>

#include "logic/CDeferredHttpReply.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

bool IsFrameworks(std::string_view name) {
  // Besides: what there is once, and what would speak of this connection.
  static constexpr std::array<std::string_view, 4> kMore = {"keep-alive", "server", "trailer", "upgrade"};
  return IsServersHttpField(name) ||
         std::any_of(kMore.begin(), kMore.end(), [&](std::string_view own) { return IsHttpName(name, own); });
}

}  // namespace

bool SHttpReply::IsValid() const {
  const bool hasNoBody = status == 204 || status == 205 || status == 304;
  return status >= 200 && status <= 599 && !(hasNoBody && !body.empty()) && IsHttpFieldValue(contentType) &&
         std::all_of(fields.begin(), fields.end(), [](const SHttpField& field) {
           return IsHttpToken(field.name) && IsHttpFieldValue(field.value) && !IsFrameworks(field.name);
         });
}

size_t SHttpReply::Bytes() const {
  size_t bytes = contentType.size() + body.size();
  for (const SHttpField& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

}  // namespace switchboard
