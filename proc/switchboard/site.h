// CHttpFiles, for who serves files on some of the http listeners only: without it, all have theirs.
#pragma once

#include "logic/CHttpFiles.h"
