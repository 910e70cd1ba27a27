#include "logic/CLogic.h"

#include "logic/CModuleSet.h"
#include "misc/config/CConfigSchema.h"

namespace switchboard {

// A global, since who puts the types in runs before main(), and has nobody else to tell.
constinit const CLogic::SSections* CLogic::SSections::g_p_first = nullptr;

CLogic::SSections::SSections(void (*p_describeThem)(CConfigSchema&)) noexcept
    : p_describe(p_describeThem), p_next(g_p_first) {
  g_p_first = this;
}

CLogic::CLogic() : m_p_modules(std::make_unique<CModuleSet>(*this)) {}

CLogic::~CLogic() = default;

void CLogic::DescribeModules(CConfigSchema& schema) {
  for (const SSections* p_one = SSections::g_p_first; p_one != nullptr; p_one = p_one->p_next) {
    schema.Complete(p_one->p_describe);
  }
}

void CLogic::Add(std::unique_ptr<CModule> p_module) { m_p_modules->Add(std::move(p_module)); }

}  // namespace switchboard
