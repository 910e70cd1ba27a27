#include "net/http/CHttpEncoding.h"

#include <algorithm>

#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr int kUnsaid = -1;

// "0", "0.5", "1.000" … in thousandths; 0 if it is malformed.
int Quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int quality = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    quality += (c - '0') * unit;
    unit /= 10;
  }
  return quality > 1000 ? 0 : quality;
}

// Of "gzip", "gzip;q=0.5" …, in thousandths.
int QualityOf(std::string_view parameters) {
  if (parameters.empty()) return 1000;
  parameters = TrimBlanks(parameters.substr(1));
  return parameters.size() > 2 && IsHttpName(parameters.substr(0, 2), "q=") ? Quality(parameters.substr(2)) : 0;
}

}  // namespace

bool CHttpEncoding::AcceptsGzip(const SHttpRequest& request) {
  int gzip = kUnsaid;
  int plain = kUnsaid;
  int others = kUnsaid;
  for (const SHttpField& field : request.Fields()) {
    if (!IsHttpName(field.name, "accept-encoding")) continue;
    CHttpList list(field.value);
    for (std::string_view item; list.Next(item);) {
      const size_t semicolon = std::min(item.find(';'), item.size());
      const std::string_view coding = TrimBlanks(item.substr(0, semicolon));
      const int quality = QualityOf(item.substr(semicolon));
      if (IsHttpName(coding, "gzip") || IsHttpName(coding, "x-gzip")) gzip = std::max(gzip, quality);
      if (IsHttpName(coding, "identity")) plain = quality;
      if (coding == "*") others = quality;
    }
  }
  if (gzip == kUnsaid) gzip = others;
  return gzip > 0 && gzip >= plain;
}

}  // namespace switchboard
