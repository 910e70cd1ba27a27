#include "logic/CHttpFiles.h"

#include "logic/site/CFileSite.h"

namespace switchboard {

// What the cache lacks is looked up where a disk may be waited for.
CHttpFiles::CHttpFiles() { m_binding.run = Run::kBlocking; }

CHttpFiles::~CHttpFiles() = default;

CHttpFiles& CHttpFiles::OnlyOn(std::string_view listener) {
  m_binding.OnlyOn(listener);
  return *this;
}

CHttpFiles& CHttpFiles::RunOn(const Pool& pool) {
  m_binding.run = Run::kPool;
  m_binding.pool = pool.name;
  return *this;
}

CFileSite& CHttpFiles::Open(const SListenerConfig& listener) {
  return *m_sites.emplace_back(std::make_unique<CFileSite>(listener));
}

}  // namespace switchboard
