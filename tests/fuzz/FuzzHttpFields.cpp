// Fuzzes what reads and writes single fields: dates, conditions, Accept-Encoding, log lines, listings. An input is a
// value of such a field, or a file's name.
//
// Checked: a date that is read is written so that it reads the same; nothing that is written breaks out of its line,
// its quotes or its markup; a bad list of entity tags never makes a 304 of a file whose tag is not in it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logic/site/CHttpListing.h"
#include "logic/site/CMimeTypes.h"
#include "net/http/CHttpConditions.h"
#include "net/http/CHttpDate.h"
#include "net/http/CHttpEncoding.h"
#include "net/http/SHttpRequest.h"
#include "net/site/CHttpLogLine.h"
#include "tests/fuzz/Check.h"

namespace {

using switchboard::CHttpConditions;
using switchboard::CHttpDate;
using switchboard::ECondition;
using switchboard::SHttpRequest;

constexpr int64_t kNow = 1795242060;

void CheckDate(std::string_view value) {
  const std::optional<int64_t> date = CHttpDate::Parse(value, kNow);
  if (!date) return;
  const CHttpDate::Text text = CHttpDate::Format(*date);
  // A leap second at the very end of the year 9999 has no text.
  Check(*date > 253402300799 || CHttpDate::Parse({text.data(), text.size()}, kNow) == *date, "a date reads the same");
}

void CheckConditions(std::string_view value) {
  static SHttpRequest request;
  request.Reset();
  request.method = switchboard::EHttpMethod::kGet;
  request.fieldCount = 1;
  constexpr std::string_view kTag = "\"5e1f-1f4\"";
  for (const char* p_name : {"if-none-match", "if-match", "if-range", "if-modified-since", "accept-encoding"}) {
    request.fields[0] = {p_name, value};
    const ECondition condition = CHttpConditions::Judge(request, {kTag, kNow - 1}, kNow);
    const bool isRangeValid = CHttpConditions::IsRangeValid(request, {kTag, kNow - 1}, kNow);
    const bool isNamed = value.find(kTag) != std::string_view::npos || value.find('*') != std::string_view::npos;
    const std::string_view name(p_name);
    if (name == "if-none-match") Check(condition != ECondition::kNotModified || isNamed, "a 304 has its reason");
    if (name == "if-match") Check(condition == ECondition::kFailed || isNamed, "a match has its reason");
    if (name == "if-range") Check(!isRangeValid || value == kTag || CHttpDate::Parse(value, kNow), "a range is meant");
    if (switchboard::CHttpEncoding::AcceptsGzip(request)) {
      Check(name == "accept-encoding" && value.find_first_of("gG*") != std::string_view::npos, "gzip is named");
    }
  }
}

void CheckWriters(const std::string& value) {
  std::string line;
  switchboard::CHttpLogLine::AppendEscaped(line, value);
  const auto isPlain = [](char c) { return c >= ' ' && c <= '~' && c != '"'; };
  Check(std::all_of(line.begin(), line.end(), isPlain), "a log line is printable");
  const std::string page = switchboard::CHttpListing::Page("/", {{value, false, value.size(), {}}}, true);
  const std::string plain = switchboard::CHttpListing::Page("/", {{"a", false, value.size(), {}}}, true);
  const auto marks = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c == '<' || c == '"'; });
  };
  Check(marks(page) <= marks(plain), "a name adds no markup");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  static const switchboard::CMimeTypes types("/nonexistent");
  const std::string value(reinterpret_cast<const char*>(p_data), size);
  CheckDate(value);
  CheckConditions(value);
  CheckWriters(value);
  Check(types.TypeOf(value).find('/') != std::string_view::npos, "a name has a type");
  return 0;
}
