#include "net/site/CHttpSite.h"

#include <utility>

#include "net/site/CFileAnswer.h"

namespace switchboard {

namespace {

// The name of a folder as it should be asked for.
std::string LocationOf(const SHttpRequest& request) {
  CHttpPath path;
  path.Resolve(request.target);
  std::string line = "Location: ";
  CHttpPath::AppendEncoded(line, path.Full());
  line += '/';
  if (path.HasQuery()) line.append("?").append(path.Query());
  return line += "\r\n";
}

}  // namespace

CHttpSite::CHttpSite(const SListenerConfig& config, CLimitedLog& log)
    : m_limits{.headBytes = config.http.head_bytes, .bodyBytes = config.http.body_bytes},
      m_heads(config.http.headers),
      m_accessLog(config.http.access_log, log) {
  if (config.root.empty()) return;
  m_p_files = std::make_unique<CSiteFiles>(
      CSiteFiles::SConfig{.root = config.root,
                          .symlinks = config.http.follow_symlinks ? ESymlinks::kWithinRoot : ESymlinks::kNone,
                          .index = config.http.index,
                          .isListing = config.http.listing,
                          .charset = config.http.charset,
                          .commonFields = m_heads.CommonFields()});
}

std::optional<SSiteEntry> CHttpSite::Cached(const SHttpRequest& request, const CHttpPath& path, MonotonicTime now) {
  if (!IsServed(request.method)) return SSiteEntry{405, nullptr, {}};
  if (m_p_files == nullptr || path.IsHidden()) return SSiteEntry{404, nullptr, {}};
  return m_p_files->Cached(path.Full(), now);
}

SSiteEntry CHttpSite::Lookup(std::string_view path, MonotonicTime now) { return m_p_files->Lookup(path, now); }

void CHttpSite::Answer(const SHttpRequest& request, const CHttpPath& path, bool isLast, MonotonicTime now,
                       CHttpAnswers& answers) {
  std::optional<SSiteEntry> entry = Cached(request, path, now);
  if (!entry) entry = Lookup(path.Full(), now);
  Answer(request, *entry, isLast, answers);
}

void CHttpSite::Answer(const SHttpRequest& request, const SSiteEntry& entry, bool isLast, CHttpAnswers& answers) {
  const STask task{request, isLast, answers};
  if (entry.p_file != nullptr) {
    AnswerFile(task, *entry.p_file);
  } else if (entry.status == 200) {
    AnswerPage(task, 200, kPageFields, entry.page);
  } else {
    AnswerStatus(task, entry.status, entry.status == 301 ? LocationOf(request) : std::string());
  }
}

void CHttpSite::AnswerError(const SHttpRequest& request, uint16_t status, bool isLast, CHttpAnswers& answers) {
  AnswerStatus({request, isLast, answers}, status);
}

void CHttpSite::Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers) {
  const std::string page = PageOf(status);
  const bool hasBody = request.method != EHttpMethod::kHead;
  AddHead({request, true, answers}, status, CHttpHeadWriter::PageFieldsOf(status), page.size());
  if (hasBody) answers.Add(page);
  if (!m_accessLog.IsOn()) return;
  m_accessLog.Append(request, answers.Now(), answers.Peer(), status, hasBody ? page.size() : 0);
}

void CHttpSite::AnswerFile(const STask& task, const SServedFile& file) {
  const CFileAnswer answer(task.request, file, task.answers.Now().Seconds());
  switch (answer.Status()) {
    case 200:
      AnswerWhole(task, answer.File());
      break;
    case 206:
      AddHead(task, 206, answer.Fields(), answer.BodyBytes());
      for (const SByteRange& part : answer.Parts()) {
        task.answers.Add(answer.PartHead(part));
        AddPart(task, answer.File(), part);
      }
      task.answers.Add(answer.PartsEnd());
      Finish(task, 206, answer.BodyBytes());
      break;
    case 304:
      AnswerPage(task, 304, answer.Fields(), "");
      break;
    default:
      AnswerStatus(task, answer.Status(), answer.Fields());
  }
}

void CHttpSite::AnswerWhole(const STask& task, const SServedFile& file) {
  CHttpAnswers& answers = task.answers;
  answers.Add("HTTP/1.1 200 OK\r\nDate: ");
  answers.Add(answers.Now().Date());
  answers.Add(file.wholeHead);
  answers.Add(CHttpHeadWriter::ConnectionLine(task.request, task.isLast));
  answers.Add("\r\n");
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) AddPart(task, file, {0, file.Size()});
  Finish(task, 200, hasBody ? file.Size() : 0);
}

void CHttpSite::AddPart(const STask& task, const SServedFile& file, const SByteRange& part) {
  if (file.p_file == nullptr) {
    task.answers.Add(std::string_view(file.body).substr(part.begin, part.bytes));
  } else if (part.bytes > 0) {
    task.answers.AddFile({file.p_file, part.begin, part.bytes});
  }
}

void CHttpSite::AnswerStatus(const STask& task, uint16_t status, std::string_view fields) {
  AnswerPage(task, status, std::string(fields).append(CHttpHeadWriter::PageFieldsOf(status)), PageOf(status));
}

void CHttpSite::AnswerPage(const STask& task, uint16_t status, std::string_view fields, std::string_view body) {
  AddHead(task, status, fields, body.size());
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) task.answers.Add(body);
  Finish(task, status, hasBody ? body.size() : 0);
}

void CHttpSite::AddHead(const STask& task, uint16_t status, std::string_view fields, uint64_t contentLength) const {
  std::string head;
  m_heads.Append(head, task.request, task.answers.Now(), task.isLast, status, fields, contentLength);
  task.answers.Add(head);
}

void CHttpSite::Finish(const STask& task, uint16_t status, uint64_t bodyBytes) {
  task.answers.CountRequest();
  if (!m_accessLog.IsOn()) return;
  m_accessLog.Append(task.request, task.answers.Now(), task.answers.Peer(), status, bodyBytes);
}

void CHttpSite::LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                         uint64_t bodyBytes) const {
  if (m_accessLog.IsOn()) m_accessLog.Write(request, now, peer, status, bodyBytes);
}

}  // namespace switchboard
