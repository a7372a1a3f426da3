; Colours for DTCL. A test holds the keywords against ../../tokens.txt.

[
  "BREAK" "CATCH" "CONTINUE" "DO" "ELSE" "ELSEIF" "END" "EXIT" "FOR" "FOREACH" "IF" "PROCEDURE"
  "RETURN" "STEP" "THEN" "TO" "TRY" "WHILE"
] @keyword

["AND" "IN" "LIKE" "NOT" "OR"] @keyword.operator

["ERROR" "INCLUDE" "OPTION" "REM" "SET" "WAIT" "WRITE"] @keyword.directive

["TRUE" "FALSE" "NONE"] @constant.builtin

["=" "==" "<>" "!=" "<" "<=" ">" ">=" "&" "+" "-" "*" "/" "%"] @operator

["," ";" ":"] @punctuation.delimiter
["(" ")" "[" "]" "{" "}"] @punctuation.bracket

(comment) @comment
(remark) @comment
(quoted_text) @string
(literal_text) @string
(escape) @string.escape
(interpolation) @variable
(variable) @variable
(number) @number
(field_name) @property
(record_entry (identifier) @property)
(procedure name: (identifier) @function)
(call name: (identifier) @function.call)
(command . (identifier) @function.builtin)
