# Tests of the scripts and of what lies in deploy/; included by tests/CMakeLists.txt.
find_program(PYTHON3 python3 REQUIRED)

add_test(NAME include_rules COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/include_rules.py)
add_test(NAME include_rules_self_test COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/include_rules.py --self-test)
set_tests_properties(include_rules include_rules_self_test PROPERTIES LABELS deploy TIMEOUT 60)

# The first run installs the pinned schemas with pip; later ones need no network.
set(manifests_env ${CMAKE_BINARY_DIR}/manifests-env)
add_test(NAME manifests_env COMMAND ${CMAKE_SOURCE_DIR}/tests/manifests_env.sh ${manifests_env})
set_tests_properties(manifests_env PROPERTIES LABELS deploy TIMEOUT 300 FIXTURES_SETUP manifests)
add_test(NAME manifests COMMAND ${manifests_env}/bin/python3
  ${CMAKE_SOURCE_DIR}/tests/manifests_test.py --binary $<TARGET_FILE:gristmill>)
set_tests_properties(manifests PROPERTIES LABELS deploy TIMEOUT 120 FIXTURES_REQUIRED manifests)

add_test(NAME local_cluster COMMAND ${CMAKE_SOURCE_DIR}/tests/local_cluster_test.sh $<TARGET_FILE:gristmill>)
set_tests_properties(local_cluster PROPERTIES LABELS e2e TIMEOUT 300)
