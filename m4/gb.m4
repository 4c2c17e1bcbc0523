# Looking for libraries: collect what is missing, then complain once.

AC_DEFUN([GB_MISSING_INIT],
[gb_missing=
AS_IF([test -z "$PKG_CONFIG"], [gb_missing=" pkg-config"])])

# GB_PKG(VARIABLE, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([GB_PKG],
[PKG_CHECK_MODULES([$1], [$2], [],
  [gb_missing="$gb_missing $3"])])

# GB_HEADER(HEADER, CFLAGS, DEBIAN-PACKAGE)
AC_DEFUN([GB_HEADER],
[gb_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $2"
AC_CHECK_HEADER([$1], [], [gb_missing="$gb_missing $3"])
CPPFLAGS=$gb_save_CPPFLAGS])

AC_DEFUN([GB_MISSING_REPORT],
[AS_IF([test -n "$gb_missing"],
  [AC_MSG_ERROR([these packages are missing (Debian names):$gb_missing
  On Debian or Ubuntu: apt-get install$gb_missing])])])

# GB_PKG_OPTIONAL(VARIABLE, MODULE)
AC_DEFUN([GB_PKG_OPTIONAL],
[PKG_CHECK_MODULES([$1], [$2], [have_$1=yes], [have_$1=no])])

# GB_LIBRARY(VARIABLE, FUNCTION, USUAL-NAME): defines GB_VARIABLE_LIBRARY, the
# file name by which a program that needs the library finds it when it runs.
AC_DEFUN([GB_LIBRARY],
[AC_MSG_CHECKING([by which name $2 is found])
gb_save_LIBS=$LIBS
LIBS="$LIBS $$1_LIBS"
gb_library=
AC_LINK_IFELSE([AC_LANG_CALL([], [$2])],
  [gb_library=`objdump -p conftest$EXEEXT 2>/dev/null |
    $AWK '$[1] == "NEEDED" && index("$3", substr($[2], 1, index($[2], "."))) == 1 { print $[2] }'`])
LIBS=$gb_save_LIBS
AS_IF([test -z "$gb_library"], [gb_library=$3])
AC_MSG_RESULT([$gb_library])
AC_DEFINE_UNQUOTED([GB_$1_LIBRARY], ["$gb_library"], [has $2])])

AC_DEFUN([GB_ENABLE_ASAN],
[AC_ARG_ENABLE([asan],
  [AS_HELP_STRING([--enable-asan],
    [build with the address and undefined-behaviour sanitizers])],
  [], [enable_asan=no])
AS_IF([test "x$enable_asan" = xyes],
  [GB_SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"])
AC_SUBST([GB_SANITIZE])
AM_CONDITIONAL([ASAN], [test "x$enable_asan" = xyes])])

# Everything is built for libFuzzer; GB_FUZZER links it into a target.
AC_DEFUN([GB_ENABLE_FUZZING],
[AC_ARG_ENABLE([fuzzing],
  [AS_HELP_STRING([--enable-fuzzing],
    [build tests/fuzz with libFuzzer and the sanitizers (needs clang)])],
  [], [enable_fuzzing=no])
AS_IF([test "x$enable_fuzzing" = xyes],
  [GB_SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
  GB_FUZZER=-fsanitize=fuzzer
  gb_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -fsanitize=fuzzer,address,undefined"
  AC_MSG_CHECKING([whether $CC has libFuzzer])
  AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <stddef.h>
    int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
    { (void)data; (void)size; return 0; }]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
    AC_MSG_ERROR([--enable-fuzzing needs clang and its libFuzzer: CC=clang
  (Debian: clang, libclang-rt-dev)])])
  CFLAGS=$gb_save_CFLAGS])
AC_SUBST([GB_FUZZER])
AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])])

AC_DEFUN([GB_ENABLE_WERROR],
[AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
  [], [enable_werror=no])
AS_IF([test "x$enable_werror" = xyes], [GB_WERROR=-Werror])
AC_SUBST([GB_WERROR])])

AC_DEFUN([GB_ENABLE_COVERAGE],
[AC_ARG_ENABLE([coverage],
  [AS_HELP_STRING([--enable-coverage], [build for gcov])],
  [], [enable_coverage=no])
AS_IF([test "x$enable_coverage" = xyes],
  [GB_COVERAGE=--coverage
  AS_IF([test "x$CFLAGS" = "x-g -O2"], [CFLAGS="-g -O0"])])
AC_SUBST([GB_COVERAGE])])

# Keep the warnings that this compiler knows.
AC_DEFUN([GB_WARNINGS],
[GB_WARN=
for gb_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wcast-qual \
    -Wduplicated-cond -Wlogical-op -Wnull-dereference; do
  gb_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $gb_flag"
  AC_MSG_CHECKING([whether $CC accepts $gb_flag])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); GB_WARN="$GB_WARN $gb_flag"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$gb_save_CFLAGS
done
AC_SUBST([GB_WARN])])

AC_DEFUN([GB_PTHREAD],
[gb_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -pthread"
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <pthread.h>]],
    [[pthread_t t; return pthread_create(&t, 0, 0, 0);]])],
  [GB_THREADS=-pthread],
  [AC_MSG_ERROR([POSIX threads are needed])])
CFLAGS=$gb_save_CFLAGS
AC_SUBST([GB_THREADS])])

AC_DEFUN([GB_SUMMARY],
[AC_MSG_NOTICE([
  gumbel $PACKAGE_VERSION
    installs to        $prefix
    compiler           $CC $CFLAGS
    sanitizers         $enable_asan
    warnings as errors $enable_werror
    coverage           $enable_coverage
    gumbel pull        $have_CURL
    normalizers        $have_UTF8PROC
    unit tests         $have_CMOCKA
    terminal tests     $have_VTERM])])
