# cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=identifier -P EmbedText.cmake
# Writes a source file that defines faultlab::NAME as the text of INPUT.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}"
    "namespace faultlab {\n"
    "extern const char* const ${NAME};\n"
    "const char* const ${NAME} = R\"text(${text})text\";\n"
    "} // namespace faultlab\n")
