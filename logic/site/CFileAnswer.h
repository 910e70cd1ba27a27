#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "logic/site/SServedFile.h"
#include "net/http/CHttpRange.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// How a GET or HEAD of a file is answered: judges what the client accepts, its conditions and its ranges.
// Threads: one owner at a time. The file must live as long as this.
class CFileAnswer {
 public:
  // `now` in seconds of the wall clock.
  CFileAnswer(const SHttpRequest& request, const SServedFile& file, int64_t now);

  // 200: the whole file; 206: Parts() of it; 304; 412; 416.
  uint16_t Status() const { return m_status; }
  // What is sent: the file that was asked for, or its precompressed form.
  const SServedFile& File() const { return *m_p_file; }
  std::span<const SByteRange> Parts() const { return m_range.Parts(); }
  // The header lines of the answer beside those of every answer, CRLF behind each, and the length of its body. Of a 200
  // they are in the file's wholeHead; of a page, 412 and 416, its own are still to come.
  std::string Fields() const;
  uint64_t BodyBytes() const;
  // What stands before a part, and behind the last one; empty, if there is only one.
  std::string PartHead(const SByteRange& part) const;
  std::string PartsEnd() const;

 private:
  uint16_t StatusOf(const SHttpRequest& request, int64_t now);

  const SServedFile* m_p_file;
  CHttpRange m_range;
  uint16_t m_status;
  // RFC 9110 section 14.6. It may not occur in the parts: 128 random bits for each answer see to that, whatever the
  // parts hold.
  std::string m_boundary;
};

}  // namespace switchboard
