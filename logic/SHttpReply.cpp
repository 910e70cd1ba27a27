#include "logic/SHttpReply.h"

#include <algorithm>
#include <array>

#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr std::array<std::string_view, 9> kOwnFields = {"connection", "content-length", "content-type",      "date",
                                                        "keep-alive", "server",         "transfer-encoding", "trailer",
                                                        "upgrade"};

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool isAlphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return isAlphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsFieldValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

bool IsFrameworks(std::string_view name) {
  return std::any_of(kOwnFields.begin(), kOwnFields.end(), [&](std::string_view own) { return IsHttpName(name, own); });
}

}  // namespace

bool SHttpReply::IsValid() const {
  const bool hasNoBody = status == 204 || status == 205 || status == 304;
  return status >= 200 && status <= 599 && !(hasNoBody && !body.empty()) && IsFieldValue(contentType) &&
         std::all_of(fields.begin(), fields.end(), [](const SHttpField& field) {
           return IsToken(field.name) && IsFieldValue(field.value) && !IsFrameworks(field.name);
         });
}

size_t SHttpReply::Bytes() const {
  size_t bytes = contentType.size() + body.size();
  for (const SHttpField& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

}  // namespace switchboard
