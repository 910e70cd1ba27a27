#include "net/site/CHttpSite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "net/http/CHttpConditions.h"
#include "net/http/CHttpEncoding.h"
#include "net/http/HttpStatus.h"
#include "net/http/HttpText.h"
#include "net/site/CHttpListing.h"
#include "net/site/CHttpLogLine.h"

namespace switchboard {

namespace {

constexpr std::chrono::seconds kGzipCheckEvery{1};
constexpr size_t kMaxListed = 1000;  // of a directory, on its page
constexpr std::string_view kGzipFields = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
constexpr std::string_view kVaryField = "Vary: Accept-Encoding\r\n";
constexpr std::string_view kNotAllowedFields = "Allow: GET, HEAD\r\nContent-Type: text/html; charset=utf-8\r\n";
// RFC 9110 section 14.6. It may not occur in the parts; 62 random bits see to that, as elsewhere.
constexpr std::string_view kBoundary = "switchboard-6f1d0c2a9b7e4583";

// Only HTTP/1.0 clients must be told that the connection stays.
std::string_view ConnectionLine(const SHttpRequest& request, bool isLast) {
  if (isLast) return "Connection: close\r\n";
  return request.minorVersion == 0 ? "Connection: keep-alive\r\n" : "";
}

uint16_t StatusOf(EFileError error) {
  switch (error) {
    case EFileError::kNotFound:
      return 404;
    case EFileError::kForbidden:
    case EFileError::kNotRegular:
      return 403;
    case EFileError::kTooManyDescriptors:
      return 503;
    default:
      return 500;
  }
}

std::string PartHead(const SServedFile& file, const SByteRange& part) {
  return fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n", kBoundary, file.type,
                     part.begin, part.begin + part.bytes - 1, file.Size());
}

// The address alone.
std::string TextOf(const SPeer& peer) {
  std::string text = peer.ToString();
  text.resize(text.rfind(':'));
  return text.starts_with('[') ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

CHttpSite::CHttpSite(const SListenerConfig& config, CLog& log)
    : m_config(config.http),
      m_limits{.headBytes = config.http.head_bytes, .bodyBytes = config.http.body_bytes},
      m_fields("Server: switchboard\r\n"),
      m_accessLog(config.http.access_log, log) {
  for (const std::string& line : m_config.headers) m_fields += line + "\r\n";
  if (config.root.empty()) return;
  m_p_root =
      std::make_unique<CFileRoot>(config.root, m_config.follow_symlinks ? ESymlinks::kWithinRoot : ESymlinks::kNone);
  m_p_files = std::make_unique<CFileCache>(
      *m_p_root, [this](std::string_view path, SServedFile& file) { Describe(file, m_mimeTypes.TypeOf(path), ""); });
}

void CHttpSite::Describe(SServedFile& file, std::string_view type, std::string_view fields) const {
  const int64_t now = std::time(nullptr);
  file.type = type;
  file.modified = std::min<int64_t>(file.status.st_mtim.tv_sec, now);
  file.etag = CHttpConditions::MakeEtag(file.status, !file.isSettled);
  const CHttpDate::Text date = CHttpDate::Format(file.modified);
  file.fields = fmt::format("Last-Modified: {}\r\nETag: {}\r\nAccept-Ranges: bytes\r\n{}",
                            std::string_view(date.data(), date.size()), file.etag, fields);
  file.wholeHead =
      fmt::format("\r\n{}{}Content-Type: {}\r\nContent-Length: {}\r\n", m_fields, file.fields, type, file.Size());
}

void CHttpSite::LookForGzip(std::string_view path, SServedFile& file, MonotonicTime now) const {
  if (now - file.gzipCheckedAt < kGzipCheckEvery) return;
  file.gzipCheckedAt = now;
  EFileError error;
  const FilePtr p_packed = m_p_files->Get(std::string(path) + ".gz", now, error);
  const bool isThere = p_packed != nullptr && p_packed->status.st_mtim.tv_sec >= file.status.st_mtim.tv_sec;
  const bool wasThere = file.p_gzip != nullptr;
  if (!isThere) {
    file.p_gzip.reset();
  } else if (!wasThere || p_packed->etag != file.p_gzip->etag) {
    auto p_gzip = std::make_shared<SServedFile>(*p_packed);
    Describe(*p_gzip, file.type, kGzipFields);
    file.p_gzip = std::move(p_gzip);
  }
  if (isThere != wasThere) Describe(file, std::string(file.type), isThere ? kVaryField : "");
}

CHttpSite::SWishes CHttpSite::WishesOf(const SHttpRequest& request) {
  SWishes wishes;
  for (const SHttpField& field : request.Fields()) {
    // Most fields are told apart by their first letter.
    switch (field.name.front() | 0x20) {
      case 'a':
        if (IsHttpName(field.name, "accept-encoding")) wishes.takesGzip = CHttpEncoding::AcceptsGzip(request);
        break;
      case 'i':
        wishes.isConditional = true;
        break;
      case 'r':
        if (IsHttpName(field.name, "range")) wishes.range = field.value;
        break;
      default:
        break;
    }
  }
  if (request.method != EHttpMethod::kGet) wishes.range.reset();
  return wishes;
}

void CHttpSite::Answer(const SHttpRequest& request, const CHttpPath& path, bool isLast, MonotonicTime now,
                       CHttpAnswers& answers) {
  const STask task{request, path, isLast, now, answers};
  if (request.method != EHttpMethod::kGet && request.method != EHttpMethod::kHead) {
    AnswerPage(task, 405, kNotAllowedFields, PageOf(405));
  } else if (m_p_files == nullptr || path.IsHidden()) {
    AnswerStatus(task, 404);
  } else if (path.IsFolder()) {
    AnswerFolder(task);
  } else {
    EFileError error;
    FilePtr p_file = m_p_files->Get(path.Relative(), now, error);
    if (p_file != nullptr) {
      AnswerFile(task, path.Relative(), std::move(p_file));
    } else if (error == EFileError::kIsDirectory) {
      AnswerRedirect(task);
    } else {
      AnswerStatus(task, StatusOf(error));
    }
  }
}

void CHttpSite::AnswerError(const SHttpRequest& request, uint16_t status, bool isLast, CHttpAnswers& answers) {
  static const CHttpPath kNowhere{};
  AnswerPage({request, kNowhere, isLast, {}, answers}, status, status == 405 ? kNotAllowedFields : kPageFields,
             PageOf(status));
}

void CHttpSite::Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers) {
  const std::string page = PageOf(status);
  const bool hasBody = request.method != EHttpMethod::kHead;
  m_scratch.clear();
  AppendHead(m_scratch, request, answers.Now(), true, status, kPageFields, page.size());
  answers.Add(m_scratch);
  if (hasBody) answers.Add(page);
  if (m_accessLog.IsOn()) LogAnswer(request, status, hasBody ? page.size() : 0, answers);
}

void CHttpSite::AnswerFolder(const STask& task) {
  std::string path(task.path.Relative());
  if (!path.empty()) path += '/';
  const size_t folderBytes = path.size();
  for (const std::string& name : m_config.index) {
    path.resize(folderBytes);
    path += name;
    EFileError error;
    FilePtr p_file = m_p_files->Get(path, task.now, error);
    if (p_file == nullptr) continue;
    AnswerFile(task, path, std::move(p_file));
    return;
  }
  const SOpenedFile folder = m_p_root->Status(task.path.Relative());
  if (folder.error != EFileError::kNone) {
    AnswerStatus(task, StatusOf(folder.error));
  } else if (!S_ISDIR(folder.status.st_mode)) {
    AnswerStatus(task, 404);
  } else if (m_config.listing) {
    AnswerListing(task);
  } else {
    AnswerStatus(task, 403);
  }
}

void CHttpSite::AnswerListing(const STask& task) {
  SDirectoryList list = m_p_root->List(task.path.Relative(), kMaxListed);
  if (list.error != EFileError::kNone) {
    AnswerStatus(task, StatusOf(list.error));
    return;
  }
  AnswerPage(task, 200, kPageFields, CHttpListing::Page(task.path.Full(), std::move(list.entries), list.isComplete));
}

void CHttpSite::AnswerRedirect(const STask& task) {
  std::string fields = "Location: ";
  CHttpPath::AppendEncoded(fields, task.path.Full());
  fields += '/';
  if (task.path.HasQuery()) fields.append("?").append(task.path.Query());
  fields.append("\r\n").append(kPageFields);
  AnswerPage(task, 301, fields, PageOf(301));
}

void CHttpSite::AnswerFile(const STask& task, std::string_view path, FilePtr p_file) {
  const SWishes wishes = WishesOf(task.request);
  LookForGzip(path, *p_file, task.now);
  if (wishes.takesGzip && p_file->p_gzip != nullptr) p_file = p_file->p_gzip;
  const SServedFile& file = *p_file;
  const int64_t now = task.answers.Now().Seconds();
  const SValidators validators{file.etag, file.modified};
  if (wishes.isConditional) {
    switch (CHttpConditions::Judge(task.request, validators, now)) {
      case ECondition::kProceed:
        break;
      case ECondition::kNotModified:
        AnswerPage(task, 304, file.fields, "");
        return;
      case ECondition::kFailed:
        AnswerStatus(task, 412);
        return;
    }
  }
  CHttpRange range;
  if (wishes.range && (!wishes.isConditional || CHttpConditions::IsRangeValid(task.request, validators, now))) {
    switch (range.Read(*wishes.range, file.Size())) {
      case ERange::kWhole:
        break;
      case ERange::kParts:
        AnswerRanges(task, file, range.Parts());
        return;
      case ERange::kUnsatisfiable:
        AnswerPage(task, 416, fmt::format("Content-Range: bytes */{}\r\n{}", file.Size(), kPageFields), PageOf(416));
        return;
    }
  }
  AnswerWhole(task, file);
}

void CHttpSite::AnswerWhole(const STask& task, const SServedFile& file) {
  CHttpAnswers& answers = task.answers;
  answers.Add("HTTP/1.1 200 OK\r\nDate: ");
  answers.Add(answers.Now().Date());
  answers.Add(file.wholeHead);
  answers.Add(ConnectionLine(task.request, task.isLast));
  answers.Add("\r\n");
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) AddPart(task, file, {0, file.Size()});
  Finish(task, 200, hasBody ? file.Size() : 0);
}

void CHttpSite::AnswerRanges(const STask& task, const SServedFile& file, std::span<const SByteRange> parts) {
  uint64_t bytes = 0;
  if (parts.size() == 1) {
    const SByteRange& part = parts.front();
    bytes = part.bytes;
    AddHead(task, 206,
            fmt::format("{}Content-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n", file.fields, file.type, part.begin,
                        part.begin + part.bytes - 1, file.Size()),
            bytes);
    AddPart(task, file, part);
  } else {
    const std::string end = fmt::format("\r\n--{}--\r\n", kBoundary);
    bytes = end.size();
    for (const SByteRange& part : parts) bytes += PartHead(file, part).size() + part.bytes;
    AddHead(task, 206, fmt::format("{}Content-Type: multipart/byteranges; boundary={}\r\n", file.fields, kBoundary),
            bytes);
    for (const SByteRange& part : parts) {
      task.answers.Add(PartHead(file, part));
      AddPart(task, file, part);
    }
    task.answers.Add(end);
  }
  Finish(task, 206, bytes);
}

void CHttpSite::AddPart(const STask& task, const SServedFile& file, const SByteRange& part) {
  if (file.p_file == nullptr) {
    task.answers.Add(std::string_view(file.body).substr(part.begin, part.bytes));
  } else if (part.bytes > 0) {
    task.answers.AddFile({file.p_file, part.begin, part.bytes});
  }
}

std::string CHttpSite::PageOf(uint16_t status) {
  return fmt::format("<!DOCTYPE html>\n<title>{0} {1}</title>\n<h1>{0} {1}</h1>\n", status, HttpReason(status));
}

void CHttpSite::AnswerPage(const STask& task, uint16_t status, std::string_view fields, std::string_view body) {
  AddHead(task, status, fields, body.size());
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) task.answers.Add(body);
  Finish(task, status, hasBody ? body.size() : 0);
}

void CHttpSite::AddHead(const STask& task, uint16_t status, std::string_view fields, uint64_t contentLength) {
  m_scratch.clear();
  AppendHead(m_scratch, task.request, task.answers.Now(), task.isLast, status, fields, contentLength);
  task.answers.Add(m_scratch);
}

void CHttpSite::AppendHead(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast,
                           uint16_t status, std::string_view fields, uint64_t contentLength) const {
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\nDate: {}\r\n", status, HttpReason(status), now.Date());
  to.append(m_fields).append(fields);
  // RFC 9110 section 8.6: none with 204, and with 304 it would be the file's.
  if (status != 304 && status != 204) fmt::format_to(std::back_inserter(to), "Content-Length: {}\r\n", contentLength);
  to.append(ConnectionLine(request, isLast)).append("\r\n");
}

void CHttpSite::Finish(const STask& task, uint16_t status, uint64_t bodyBytes) {
  task.answers.CountRequest();
  if (m_accessLog.IsOn()) LogAnswer(task.request, status, bodyBytes, task.answers);
}

void CHttpSite::LogAnswer(const SHttpRequest& request, uint16_t status, uint64_t bodyBytes, CHttpAnswers& answers) {
  CHttpLogLine::Append(m_accessLog.Gathered(), TextOf(answers.Peer()), answers.Now().LogTime(), request, status,
                       bodyBytes);
  m_accessLog.FlushIfLarge();
}

void CHttpSite::LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                         uint64_t bodyBytes) const {
  if (!m_accessLog.IsOn()) return;
  std::string line;
  CHttpLogLine::Append(line, TextOf(peer), now.LogTime(), request, status, bodyBytes);
  m_accessLog.WriteLine(line);
}

HttpSites MakeHttpSites(const SConfig& config, CLog& log) {
  HttpSites sites;
  for (const SListenerConfig& listener : config.listeners) {
    const bool isHttp = listener.protocol == EListenerProtocol::kHttp;
    sites.push_back(isHttp ? std::make_unique<CHttpSite>(listener, log) : nullptr);
  }
  return sites;
}

}  // namespace switchboard
