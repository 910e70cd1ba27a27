#include "proc/start/ServerSchema.h"

#include "logic/CLogic.h"
#include "logic/transfer/STransferConfig.h"
#include "net/config/CConfig.h"

namespace switchboard {

CConfigSchema ServerSchema(const DescribeLogic& describe) {
  CConfigSchema schema;
  CConfig::Describe(schema);
  STransferConfig::Describe(schema);
  if (describe) describe(schema);
  CLogic::DescribeModules(schema);
  return schema;
}

}  // namespace switchboard
