#include "net/http/CHttpConditions.h"

#include <fmt/format.h>

#include <optional>

#include "net/http/CHttpDate.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

bool IsWeak(std::string_view etag) { return etag.starts_with("W/"); }
std::string_view Opaque(std::string_view etag) { return IsWeak(etag) ? etag.substr(2) : etag; }

// RFC 9110 §8.8.3.2.
bool IsSameTag(std::string_view a, std::string_view b, bool isStrong) {
  return Opaque(a) == Opaque(b) && (!isStrong || (!IsWeak(a) && !IsWeak(b)));
}

// The entity tag, quotes and all, at the front of `text`; empty if there is none.
std::string_view TagAt(std::string_view text) {
  const size_t open = IsWeak(text) ? 2 : 0;
  if (!text.substr(open).starts_with('"')) return {};
  const size_t close = text.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view tag = text.substr(0, close + 1);
  return tag.find_first_of(" \t", open) == std::string_view::npos ? tag : std::string_view();
}

// Whether "*" or one tag of a list is meant; what is malformed matches nothing, and ends the list.
bool ListHolds(std::string_view list, std::string_view etag, bool isStrong) {
  list = TrimBlanks(list);
  if (list == "*") return true;
  while (!list.empty()) {
    const std::string_view tag = TagAt(list);
    if (tag.empty()) {
      if (list.front() != ',') return false;
    } else if (IsSameTag(tag, etag, isStrong)) {
      return true;
    }
    list = TrimBlanks(list.substr(tag.size()));
    if (list.empty() || list.front() != ',') return false;
    list = TrimBlanks(list.substr(1));
  }
  return false;
}

// A list may be spread over several fields. nullopt: there is none of this name.
std::optional<bool> FieldsHold(const SHttpRequest& request, std::string_view name, std::string_view etag,
                               bool isStrong) {
  std::optional<bool> holds;
  for (const SHttpField& field : request.Fields()) {
    if (IsHttpName(field.name, name)) holds = holds.value_or(false) || ListHolds(field.value, etag, isStrong);
  }
  return holds;
}

std::optional<int64_t> DateIn(const SHttpRequest& request, std::string_view name, int64_t now) {
  std::optional<int64_t> date;
  int count = 0;
  for (const SHttpField& field : request.Fields()) {
    if (IsHttpName(field.name, name) && ++count == 1) date = CHttpDate::Parse(field.value, now);
  }
  return count == 1 ? date : std::nullopt;
}

}  // namespace

ECondition CHttpConditions::Judge(const SHttpRequest& request, const SValidators& validators, int64_t now) {
  if (const std::optional<bool> isMatch = FieldsHold(request, "if-match", validators.etag, true)) {
    if (!*isMatch) return ECondition::kFailed;
  } else if (const std::optional<int64_t> date = DateIn(request, "if-unmodified-since", now)) {
    if (validators.modified > *date) return ECondition::kFailed;
  }
  const bool isRead = request.method == EHttpMethod::kGet || request.method == EHttpMethod::kHead;
  if (const std::optional<bool> isMatch = FieldsHold(request, "if-none-match", validators.etag, false)) {
    if (*isMatch) return isRead ? ECondition::kNotModified : ECondition::kFailed;
  } else if (isRead) {
    const std::optional<int64_t> date = DateIn(request, "if-modified-since", now);
    if (date && validators.modified <= *date) return ECondition::kNotModified;
  }
  return ECondition::kProceed;
}

bool CHttpConditions::IsRangeValid(const SHttpRequest& request, const SValidators& validators, int64_t now) {
  const std::optional<std::string_view> value = request.Find("if-range");
  if (!value) return true;
  const std::string_view tag = TagAt(*value);
  if (!tag.empty()) return tag.size() == value->size() && IsSameTag(tag, validators.etag, true);
  // A date names one state only if that second is over (§8.8.2.2), and must be the same, not just later (§13.1.5).
  const std::optional<int64_t> date = DateIn(request, "if-range", now);
  return date && *date == validators.modified && validators.modified < now;
}

std::string CHttpConditions::MakeEtag(const struct stat& status, bool isWeak) {
  constexpr uint64_t kNanoseconds = 1'000'000'000;
  const uint64_t time =
      static_cast<uint64_t>(status.st_mtim.tv_sec) * kNanoseconds + static_cast<uint64_t>(status.st_mtim.tv_nsec);
  return fmt::format("{}\"{:x}-{:x}\"", isWeak ? "W/" : "", time, static_cast<uint64_t>(status.st_size));
}

}  // namespace switchboard
