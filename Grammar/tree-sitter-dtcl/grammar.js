// The grammar of DTCL for editors: the rules of ../dtcl.ebnf, held against the parser's keywords,
// tokens and rules by a test. An editor colours what is being typed, so that where the parser asks
// for a message this grammar takes what comes: that a block word is no word of a command is kept,
// that a comment needs a blank before it is kept, how the words of a command are used is not known.

// A keyword in any case, shown as it is written in capitals. It comes before `identifier` in the
// grammar, which decides between two tokens of one length; a longer one is always taken.
const keyword = (word) => alias(
  token(new RegExp(word.split('').map((letter) =>
    `[${letter}${letter.toLowerCase()}]`).join(''))),
  word);

const commaList = (rule) => seq(rule, repeat(seq(',', rule)));

const PRECEDENCE = {or: 1, and: 2, not: 3, compare: 4, join: 5, add: 6, multiply: 7, sign: 8, postfix: 9};

module.exports = grammar({
  name: 'dtcl',

  extras: ($) => [/[ \t\r]/, $.comment, $.continuation],

  word: ($) => $.identifier,

  conflicts: ($) => [
    [$.block],
  ],

  rules: {
    script: ($) => optional($.block),

    block: ($) => repeat1(choice(
      seq($.statement, choice($._line_end, ';')),
      $._line_end,
      ';',
      prec(-1, $.statement),
    )),

    statement: ($) => choice(
      $.assignment, $.conditional, $.while_loop, $.for_loop, $.for_each_loop, $.break_loop,
      $.continue_loop, $.return_statement, $.exit_statement, $.procedure, $.include, $.attempt,
      $.write, $.wait, $.set_option, $.remark, $.call_statement, $.command,
    ),

    assignment: ($) => seq($.target, '=', choice($.expression, $.command)),

    target: ($) => prec(PRECEDENCE.postfix, seq(
      $.variable,
      repeat(choice(
        seq(token.immediate('.'), $.field_name),
        seq(token.immediate('['), $.expression, ']'),
      )),
    )),

    command: ($) => prec.right(-1, seq(
      choice($.identifier, $.bare_word),
      repeat($.word),
    )),

    word: ($) => choice(
      $.identifier, $.bare_word, $.number, $.quoted_text, $.literal_text, $.joined_word,
      $.target, $.list, $.record, seq('(', choice($.expression, $.command), ')'),
      '=', ',', '<', '>',
    ),

    joined_word: ($) => prec.right(seq(
      choice($.bare_word, $.variable, $.interpolation),
      repeat1(choice(
        token.immediate(/[A-Za-z0-9_\-.:\/*?\\@%+~\u0080-\uffff]+/),
        token.immediate(/\$([A-Za-z_]\w*|[0-9]+)/),
        token.immediate(/\$\{[^}\n]*\}/),
      )),
    )),

    call_statement: ($) => $.call,

    conditional: ($) => seq(
      keyword('IF'), $.expression, optional(keyword('THEN')), optional($.block),
      repeat(seq(
        keyword('ELSEIF'), $.expression, optional(keyword('THEN')), optional($.block))),
      optional(seq(keyword('ELSE'), optional($.block))),
      keyword('END'),
    ),

    while_loop: ($) => seq(
      keyword('WHILE'), $.expression, repeat($._line_end), keyword('DO'), optional($.block),
      keyword('END'),
    ),

    for_loop: ($) => seq(
      keyword('FOR'), $.variable, '=', $.expression, keyword('TO'), $.expression,
      optional(seq(keyword('STEP'), $.expression)),
      repeat($._line_end), keyword('DO'), optional($.block), keyword('END'),
    ),

    for_each_loop: ($) => seq(
      keyword('FOREACH'), $.variable, optional(seq(',', $.variable)), keyword('IN'),
      $.expression, repeat($._line_end), keyword('DO'), optional($.block), keyword('END'),
    ),

    break_loop: ($) => keyword('BREAK'),

    continue_loop: ($) => keyword('CONTINUE'),

    return_statement: ($) => prec.right(seq(keyword('RETURN'), optional($.expression))),

    exit_statement: ($) => prec.right(seq(keyword('EXIT'), optional($.expression))),

    procedure: ($) => seq(
      keyword('PROCEDURE'), field('name', $.identifier),
      token.immediate('('), optional(commaList($.parameter)), ')',
      optional($.block), keyword('END'),
    ),

    parameter: ($) => seq($.variable, optional(seq('=', $.expression))),

    include: ($) => seq(keyword('INCLUDE'), choice($.quoted_text, $.literal_text)),

    attempt: ($) => seq(
      keyword('TRY'), optional($.block), keyword('CATCH'),
      optional(seq($.variable, choice($._line_end, ';'))),
      optional($.block), keyword('END'),
    ),

    write: ($) => prec.right(seq(
      keyword('WRITE'), optional(seq(keyword('TO'), keyword('ERROR'))),
      optional(commaList($.expression)),
    )),

    wait: ($) => prec.right(seq(
      keyword('WAIT'), choice($.identifier, seq($.expression, optional($.identifier))))),

    set_option: ($) => prec.right(seq(
      keyword('SET'), keyword('OPTION'), $.identifier, optional('='),
      choice($.identifier, $.number), optional($.identifier),
    )),

    remark: ($) => seq(keyword('REM'), optional(token.immediate(/[ \t][^\n]*/))),

    expression: ($) => choice(
      ...[
        [keyword('OR'), PRECEDENCE.or],
        [keyword('AND'), PRECEDENCE.and],
        [choice('=', '==', '<>', '!=', '<', '<=', '>', '>=', keyword('IN'), keyword('LIKE')),
          PRECEDENCE.compare],
        ['&', PRECEDENCE.join],
        [choice('+', '-'), PRECEDENCE.add],
        [choice('*', '/', '%'), PRECEDENCE.multiply],
      ].map(([operator, precedence]) =>
        prec.left(precedence, seq($.expression, operator, $.expression))),
      $.unary,
    ),

    unary: ($) => choice(
      prec(PRECEDENCE.sign, seq('-', $.unary)),
      prec(PRECEDENCE.not, seq(keyword('NOT'), $.expression)),
      $.postfix,
    ),

    postfix: ($) => prec.left(PRECEDENCE.postfix, seq(
      $.primary,
      repeat(choice(
        seq(token.immediate('.'), $.field_name),
        seq(token.immediate('['), $.expression, ']'),
      )),
    )),

    primary: ($) => choice(
      $.number, $.quoted_text, $.literal_text, $.variable, $.interpolation, $.call, $.list,
      $.record, keyword('TRUE'), keyword('FALSE'), keyword('NONE'),
      seq('(', choice($.expression, $.command), ')'),
    ),

    call: ($) => seq(
      field('name', $.identifier),
      token.immediate('('), optional(seq(commaList($.expression), optional(','))), ')',
    ),

    list: ($) => seq('[', optional(seq(commaList($.expression), optional(','))), ']'),

    record: ($) => seq('{', optional(seq(commaList($.record_entry), optional(','))), '}'),

    record_entry: ($) => seq(
      choice($.identifier, $.quoted_text, $.literal_text), ':', $.expression),

    quoted_text: ($) => seq(
      '"',
      repeat(choice(
        token.immediate(prec(1, /[^"$\n]+/)),
        alias(token.immediate('""'), $.escape),
        alias(token.immediate('$$'), $.escape),
        alias(token.immediate(/\$[A-Za-z_]\w*/), $.interpolation),
        alias(token.immediate(/\$\{[^}\n]*\}/), $.interpolation),
        token.immediate('$'),
      )),
      token.immediate('"'),
    ),

    interpolation: ($) => /\$\{[^}\n]*\}/,

    literal_text: ($) => /'[^'\n]*'/,

    variable: ($) => /\$([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*|[0-9]+)/,

    field_name: ($) => token.immediate(/[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/),

    identifier: ($) => /[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/,

    bare_word: ($) => token(prec(-1, /[A-Za-z0-9_\-.:\/*?\\@%+~\u0080-\uffff]+/)),

    number: ($) => token(choice(
      /0[xX][0-9A-Fa-f]+/,
      /[0-9]+(\.[0-9]+([eE][+-]?[0-9]+)?)?([kKmMgGtT][bB]|[mM][sS]|[smhdSHD])?/,
    )),

    comment: ($) => token(prec(1, choice(/#[^\n]*/, /\/\/[^\n]*/))),

    continuation: ($) => token(/\\[ \t\r]*\n/),

    _line_end: ($) => '\n',
  },
});
