#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "misc/CClock.h"
#include "misc/CFileRoot.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "net/http/CHttpPath.h"
#include "net/http/CHttpRange.h"
#include "net/http/SHttpRequest.h"
#include "net/site/CAccessLog.h"
#include "net/site/CFileCache.h"
#include "net/site/CHttpAnswers.h"
#include "net/site/CMimeTypes.h"

namespace switchboard {

// What one http listener serves: answers requests with the files beneath its root, and writes its access log.
// Threads: sb-io, but for what says otherwise.
class CHttpSite {
 public:
  // Throws std::system_error when the root or the access log can't be opened.
  CHttpSite(const SListenerConfig& config, CLog& log);

  const SHttpLimits& Limits() const { return m_limits; }
  CAccessLog& Log() { return m_accessLog; }

  // Answers with a file, or with why not. `isLast`: tells the client that the connection ends.
  void Answer(const SHttpRequest& request, const CHttpPath& path, bool isLast, MonotonicTime now,
              CHttpAnswers& answers);
  // As Answer, with an error status.
  void AnswerError(const SHttpRequest& request, uint16_t status, bool isLast, CHttpAnswers& answers);
  // Answers what is no whole request with an error and the end of the connection.
  void Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers);

  // Appends the head of an answer, its last empty line included; `fields` are further lines, CRLF behind each.
  // Threads: any.
  void AppendHead(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast, uint16_t status,
                  std::string_view fields, uint64_t contentLength) const;
  // A small page about a status.
  static std::string PageOf(uint16_t status);
  static constexpr std::string_view kPageFields = "Content-Type: text/html; charset=utf-8\r\n";
  // Writes the line of an answer by a route to the access log. Threads: any.
  void LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                uint64_t bodyBytes) const;

 private:
  using FilePtr = CFileCache::FilePtr;
  // The request that is being answered.
  struct STask {
    const SHttpRequest& request;
    const CHttpPath& path;
    bool isLast;
    MonotonicTime now;
    CHttpAnswers& answers;
  };
  // The fields of a request that matter for a file.
  struct SWishes {
    bool isConditional = false;
    bool takesGzip = false;
    std::optional<std::string_view> range;
  };

  static SWishes WishesOf(const SHttpRequest& request);
  // Fills in what is served with a file besides its bytes. `type` is its media type, `fields` are further lines.
  void Describe(SServedFile& file, std::string_view type, std::string_view fields) const;
  // Looks for the file's precompressed sibling, at most once a second.
  void LookForGzip(std::string_view path, SServedFile& file, MonotonicTime now) const;

  void AnswerFolder(const STask& task);
  void AnswerListing(const STask& task);
  void AnswerRedirect(const STask& task);
  void AnswerFile(const STask& task, std::string_view path, FilePtr p_file);
  void AnswerWhole(const STask& task, const SServedFile& file);
  void AnswerRanges(const STask& task, const SServedFile& file, std::span<const SByteRange> parts);
  void AnswerStatus(const STask& task, uint16_t status) { AnswerPage(task, status, kPageFields, PageOf(status)); }
  void AnswerPage(const STask& task, uint16_t status, std::string_view fields, std::string_view body);
  void AddHead(const STask& task, uint16_t status, std::string_view fields, uint64_t contentLength);
  static void AddPart(const STask& task, const SServedFile& file, const SByteRange& part);
  void Finish(const STask& task, uint16_t status, uint64_t bodyBytes);
  void LogAnswer(const SHttpRequest& request, uint16_t status, uint64_t bodyBytes, CHttpAnswers& answers);

  // constant after construction
  const SHttpConfig m_config;
  const SHttpLimits m_limits;
  std::string m_fields;                 // lines that every answer has
  std::unique_ptr<CFileRoot> m_p_root;  // nullptr: there are no files
  const CMimeTypes m_mimeTypes;

  // sb-io's
  CAccessLog m_accessLog;
  std::unique_ptr<CFileCache> m_p_files;
  std::string m_scratch;
};

// By listener; nullptr for those of another protocol.
using HttpSites = std::vector<std::unique_ptr<CHttpSite>>;
// Throws as CHttpSite's constructor.
HttpSites MakeHttpSites(const SConfig& config, CLog& log);

}  // namespace switchboard
