#include "logic/site/CFileSite.h"

#include <string>

#include "logic/site/CFileAnswer.h"
#include "net/site/CHttpHeadWriter.h"

namespace switchboard {

namespace {

CSiteFiles::SConfig FilesOf(const SListenerConfig& listener) {
  return {.root = listener.root,
          .symlinks = listener.http.follow_symlinks ? ESymlinks::kWithinRoot : ESymlinks::kNone,
          .index = listener.http.index,
          .isListing = listener.http.listing,
          .charset = listener.http.charset,
          .commonFields = CHttpHeadWriter(listener.http.headers).CommonFields()};
}

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

CFileSite::CFileSite(const SListenerConfig& listener) : m_files(FilesOf(listener)) {}

std::optional<SSiteEntry> CFileSite::Cached(const SHttpRequest& request, const CHttpPath& path, MonotonicTime now) {
  if (!IsServed(request.method)) return SSiteEntry{405, nullptr, {}};
  if (path.IsHidden()) return SSiteEntry{404, nullptr, {}};
  return m_files.Cached(path.Full(), now);
}

void CFileSite::Answer(CHttpSite& site, const SHttpTask& task, const SSiteEntry& entry) {
  if (entry.p_file != nullptr) {
    AnswerFile(site, task, *entry.p_file);
  } else if (entry.status == 200) {
    site.AnswerPage(task, 200, CHttpHeadWriter::kPageFields, entry.page);
  } else {
    site.AnswerStatus(task, entry.status, entry.status == 301 ? LocationOf(task.request) : std::string());
  }
}

void CFileSite::AnswerFile(CHttpSite& site, const SHttpTask& task, const SServedFile& file) {
  const CFileAnswer answer(task.request, file, task.answers.Now().Seconds());
  switch (answer.Status()) {
    case 200:
      AnswerWhole(site, task, answer.File());
      break;
    case 206:
      site.AddHead(task, 206, answer.Fields(), answer.BodyBytes());
      for (const SByteRange& part : answer.Parts()) {
        task.answers.Add(answer.PartHead(part));
        AddPart(task, answer.File(), part);
      }
      task.answers.Add(answer.PartsEnd());
      site.Finish(task, 206, answer.BodyBytes());
      break;
    case 304:
      site.AnswerPage(task, 304, answer.Fields(), "");
      break;
    default:
      site.AnswerStatus(task, answer.Status(), answer.Fields());
  }
}

void CFileSite::AnswerWhole(CHttpSite& site, const SHttpTask& task, const SServedFile& file) {
  CHttpAnswers& answers = task.answers;
  answers.Add("HTTP/1.1 200 OK\r\nDate: ");
  answers.Add(answers.Now().Date());
  answers.Add(file.wholeHead);
  answers.Add(CHttpHeadWriter::ConnectionLine(task.request, task.isLast));
  answers.Add("\r\n");
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) AddPart(task, file, {0, file.Size()});
  site.Finish(task, 200, hasBody ? file.Size() : 0);
}

void CFileSite::AddPart(const SHttpTask& task, const SServedFile& file, const SByteRange& part) {
  if (file.p_file == nullptr) {
    task.answers.Add(std::string_view(file.body).substr(part.begin, part.bytes));
  } else if (part.bytes > 0) {
    task.answers.AddFile({file.p_file, part.begin, part.bytes});
  }
}

}  // namespace switchboard
