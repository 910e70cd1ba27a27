// CLog, for who writes to the log with Log(): apart, since formatting takes a compiler longer than all of
// <switchboard.h>.
#pragma once

#include "misc/CLog.h"
