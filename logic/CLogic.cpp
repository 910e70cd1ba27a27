#include "logic/CLogic.h"

#include "logic/CModuleSet.h"

namespace switchboard {

CLogic::CLogic() : m_p_modules(std::make_unique<CModuleSet>(*this)) {}

CLogic::~CLogic() = default;

void CLogic::Add(std::unique_ptr<CModule> p_module) { m_p_modules->Add(std::move(p_module)); }

}  // namespace switchboard
