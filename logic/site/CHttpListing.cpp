#include "logic/site/CHttpListing.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "net/http/CHttpDate.h"
#include "net/http/CHttpPath.h"

namespace switchboard {

namespace {

bool IsListed(const SDirectoryEntry& entry) {
  const auto isOdd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; };
  return !entry.name.starts_with('.') && std::none_of(entry.name.begin(), entry.name.end(), isOdd);
}

// "999", "1.2 K", "34 M": at most three digits.
std::string Size(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTPE";
  if (bytes < 1000) return std::to_string(bytes);
  uint64_t whole = bytes;
  uint64_t rest = 0;
  size_t unit = 0;
  for (; whole >= 1000 && unit < kUnits.size(); ++unit) {
    rest = whole % 1024;
    whole /= 1024;
  }
  std::string text = std::to_string(whole);
  if (whole < 10) text += std::string(".") + std::to_string(rest * 10 / 1024);
  return text + ' ' + kUnits[unit - 1];
}

// "2026-11-21 06:21".
std::string Time(int64_t seconds) {
  const CHttpDate::Text date = CHttpDate::Format(seconds);
  const std::string_view text(date.data(), date.size());
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string month = std::to_string(kMonths.find(text.substr(8, 3)) / 3 + 1);
  return std::string(text.substr(12, 4)) + '-' + (month.size() < 2 ? "0" : "") + month + '-' +
         std::string(text.substr(5, 2)) + ' ' + std::string(text.substr(17, 5));
}

void AppendRow(std::string& page, std::string_view href, std::string_view name, std::string_view size,
               std::string_view time) {
  page += "<tr><td><a href=\"";
  page += href;
  page += "\">";
  CHttpListing::AppendEscaped(page, name);
  page += "</a></td><td>";
  page.append(size).append("</td><td>").append(time).append("</td></tr>\n");
}

}  // namespace

void CHttpListing::AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

std::string CHttpListing::Page(std::string_view fullPath, std::vector<SDirectoryEntry> entries, bool isComplete) {
  std::erase_if(entries, [](const SDirectoryEntry& entry) { return !IsListed(entry); });
  std::sort(entries.begin(), entries.end(), [](const SDirectoryEntry& a, const SDirectoryEntry& b) {
    return std::tuple(!a.isDirectory, std::string_view(a.name)) < std::tuple(!b.isDirectory, std::string_view(b.name));
  });
  std::string title;
  AppendEscaped(title, fullPath);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      title +
      "</title>\n<style>body{font-family:sans-serif;margin:2em}td{padding:.1em 1em .1em 0}"
      "td+td{text-align:right;white-space:nowrap}</style>\n</head>\n<body>\n<h1>" +
      title + "</h1>\n<table>\n";
  if (fullPath != "/") AppendRow(page, "../", "../", "", "");
  for (const SDirectoryEntry& entry : entries) {
    const std::string name = entry.name + (entry.isDirectory ? "/" : "");
    std::string href;
    CHttpPath::AppendEncoded(href, name);
    AppendRow(page, href, name, entry.isDirectory ? "" : Size(entry.bytes), Time(entry.changed.tv_sec));
  }
  page += "</table>\n";
  if (!isComplete) page += "<p>There are more.</p>\n";
  return page + "</body>\n</html>\n";
}

}  // namespace switchboard
