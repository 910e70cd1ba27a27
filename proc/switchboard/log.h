// CLog and CLimitedLog, for who writes to the log with Log() and LimitedLog(): apart, since formatting takes a compiler
// longer than all of <switchboard.h>.
#pragma once

#include "misc/CLimitedLog.h"
#include "misc/CLog.h"
