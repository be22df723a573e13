# What `cmake --install` puts where. The prefix can be moved afterwards: all in it find the rest from their own place.
include(CMakePackageConfigHelpers)
set(assay_home ${CMAKE_INSTALL_DATADIR}/assay)

# For those who write an engine: the contract, the facts, and how to find them.
install(FILES include/assay.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY spec/machine spec/kernel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/assay FILES_MATCHING PATTERN *.def)
install(TARGETS assay_api EXPORT assay)
install(EXPORT assay NAMESPACE assay:: FILE assay-config.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/assay)
write_basic_package_version_file(assay-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/assay-config-version.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/assay)
configure_file(CI/assay.pc.in assay.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/assay.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)

# The command: a launcher, and the folders of the clone that it runs from.
install(PROGRAMS CI/assay-installed DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME assay)
install(DIRECTORY runner/assay DESTINATION ${assay_home}/runner FILES_MATCHING PATTERN *.py)
install(FILES runner/PROTOCOL.md runner/ASM.md runner/requirements.lock runner/runtime.txt
  DESTINATION ${assay_home}/runner)
install(DIRECTORY spec guest vectors include ref fast DESTINATION ${assay_home} PATTERN __pycache__ EXCLUDE)
install(FILES VERSION DESTINATION ${assay_home})
foreach(folder BINDIR LIBDIR)
  file(RELATIVE_PATH assay_${folder} /prefix/${assay_home} /prefix/${CMAKE_INSTALL_${folder}})
endforeach()
configure_file(CI/installed.json.in installed.json @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/installed.json DESTINATION ${assay_home})

# For people and their shells.
configure_file(runner/assay.1 assay.1 @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/assay.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES runner/completion/assay.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME assay)
install(FILES runner/completion/assay.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _assay)
install(FILES runner/completion/assay.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md CHANGELOG.md SECURITY.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN *.md PATTERN *.svg)
