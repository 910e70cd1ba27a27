#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "misc/CLimitedLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/http/CHttpPath.h"
#include "net/http/CHttpRange.h"
#include "net/http/SHttpRequest.h"
#include "net/site/CAccessLog.h"
#include "net/site/CHttpAnswers.h"
#include "net/site/CHttpHeadWriter.h"
#include "net/site/CSiteFiles.h"

namespace switchboard {

// What one http listener serves: answers requests with the files beneath its root, and writes its access log.
// A file takes two steps: what the path names (Cached, or else Lookup, which alone reads the disk), and the answer.
// Threads: any; requests and answers are the caller's own.
class CHttpSite {
 public:
  // Throws std::system_error when the root or the access log can't be opened.
  CHttpSite(const SListenerConfig& config, CLimitedLog& log);

  const SHttpLimits& Limits() const { return m_limits; }
  // Whoever answers calls its Flush when there is no more to answer for now.
  CAccessLog& Log() { return m_accessLog; }
  // Whether files are answered to this method: to the others they say 405, whatever the path.
  static bool IsServed(EHttpMethod method) { return method == EHttpMethod::kGet || method == EHttpMethod::kHead; }

  // What the request is answered with, if that takes no system call; nullopt: do call Lookup, with path.Full().
  std::optional<SSiteEntry> Cached(const SHttpRequest& request, const CHttpPath& path, MonotonicTime now);
  // The same by the disk: blocks as long as that does, and needs nothing of the request. After Cached has said nullopt.
  SSiteEntry Lookup(std::string_view path, MonotonicTime now);
  // Answers with what was found. `isLast`: tells the client that the connection ends.
  void Answer(const SHttpRequest& request, const SSiteEntry& entry, bool isLast, CHttpAnswers& answers);
  // All of these at once.
  void Answer(const SHttpRequest& request, const CHttpPath& path, bool isLast, MonotonicTime now,
              CHttpAnswers& answers);
  // As Answer, with an error status.
  void AnswerError(const SHttpRequest& request, uint16_t status, bool isLast, CHttpAnswers& answers);
  // Answers what is no whole request with an error and the end of the connection.
  void Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers);

  // As CHttpHeadWriter.
  void AppendHead(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast, uint16_t status,
                  std::string_view fields, uint64_t contentLength) const {
    m_heads.Append(to, request, now, isLast, status, fields, contentLength);
  }
  static std::string PageOf(uint16_t status) { return CHttpHeadWriter::PageOf(status); }
  static constexpr std::string_view kPageFields = CHttpHeadWriter::kPageFields;
  // Writes the line of an answer by a route to the access log.
  void LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                uint64_t bodyBytes) const;

 private:
  // The request that is being answered.
  struct STask {
    const SHttpRequest& request;
    bool isLast;
    CHttpAnswers& answers;
  };

  void AnswerFile(const STask& task, const SServedFile& file);
  void AnswerWhole(const STask& task, const SServedFile& file);
  void AnswerStatus(const STask& task, uint16_t status, std::string_view fields = {});
  void AnswerPage(const STask& task, uint16_t status, std::string_view fields, std::string_view body);
  void AddHead(const STask& task, uint16_t status, std::string_view fields, uint64_t contentLength) const;
  static void AddPart(const STask& task, const SServedFile& file, const SByteRange& part);
  void Finish(const STask& task, uint16_t status, uint64_t bodyBytes);

  // constant after construction
  const SHttpLimits m_limits;
  const CHttpHeadWriter m_heads;

  // self-synchronised
  std::unique_ptr<CSiteFiles> m_p_files;  // nullptr: there are no files
  CAccessLog m_accessLog;
};

}  // namespace switchboard
