// libedit, opened when the first line is edited: a program that edits none pays nothing for it and
// runs where it is not installed. Its calls with variable arguments get one plain function for each
// use. No logic.
#ifndef CLIBEDIT_H
#define CLIBEDIT_H

#include <dlfcn.h>
#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

typedef int (*clibedit_read_t)(EditLine *, wchar_t *);
typedef wchar_t *(*clibedit_prompt_t)(EditLine *);
typedef unsigned char (*clibedit_command_t)(EditLine *, int);

typedef struct {
    EditLine *(*init)(const char *, FILE *, FILE *, FILE *);
    void (*end)(EditLine *);
    void (*resize)(EditLine *);
    void (*delete_before)(EditLine *, int);
    int (*source)(EditLine *, const char *);
    int (*insert)(EditLine *, const wchar_t *);
    const wchar_t *(*gets)(EditLine *, int *);
    const LineInfoW *(*line)(EditLine *);
    int (*set)(EditLine *, int, ...);
    int (*get)(EditLine *, int, ...);
    HistoryW *(*history_init)(void);
    void (*history_end)(HistoryW *);
    int (*history)(HistoryW *, HistEventW *, int, ...);
} clibedit_library;

// 0, or -1 when it is not installed or lacks a function.
static inline int clibedit_open_library(clibedit_library *library) {
    void *handle = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return -1;
#define CLIBEDIT_FIND(field, name) \
    if (!(library->field = (__typeof__(library->field))dlsym(handle, name))) return -1
    CLIBEDIT_FIND(init, "el_init");
    CLIBEDIT_FIND(end, "el_end");
    CLIBEDIT_FIND(resize, "el_resize");
    CLIBEDIT_FIND(delete_before, "el_deletestr");
    CLIBEDIT_FIND(source, "el_source");
    CLIBEDIT_FIND(insert, "el_winsertstr");
    CLIBEDIT_FIND(gets, "el_wgets");
    CLIBEDIT_FIND(line, "el_wline");
    CLIBEDIT_FIND(set, "el_wset");
    CLIBEDIT_FIND(get, "el_wget");
    CLIBEDIT_FIND(history_init, "history_winit");
    CLIBEDIT_FIND(history_end, "history_wend");
    CLIBEDIT_FIND(history, "history_w");
#undef CLIBEDIT_FIND
    return 0;
}

// An editor on standard input and output.
static inline EditLine *clibedit_init(const clibedit_library *library, const char *program) {
    EditLine *editor = library->init(program, stdin, stdout, stderr);
    if (!editor) return NULL;
    library->set(editor, EL_SIGNAL, 0);
    library->set(editor, EL_EDITOR, L"emacs");
    return editor;
}

static inline void clibedit_set_context(
    const clibedit_library *library, EditLine *editor, void *context) {
    library->set(editor, EL_CLIENTDATA, context);
}

static inline void *clibedit_context(const clibedit_library *library, EditLine *editor) {
    void *context = NULL;
    library->get(editor, EL_CLIENTDATA, &context);
    return context;
}

static inline void clibedit_read_with(
    const clibedit_library *library, EditLine *editor, clibedit_read_t read) {
    library->set(editor, EL_GETCFN, read);
}

// What stands between two marks moves no cursor.
static inline void clibedit_prompt_with(
    const clibedit_library *library, EditLine *editor, clibedit_prompt_t prompt, wchar_t mark) {
    library->set(editor, EL_PROMPT_ESC, prompt, mark);
}

static inline void clibedit_add_command(
    const clibedit_library *library, EditLine *editor, const wchar_t *name,
    clibedit_command_t command) {
    library->set(editor, EL_ADDFN, name, L"", command);
}

static inline void clibedit_bind(
    const clibedit_library *library, EditLine *editor, const wchar_t *key, const wchar_t *name) {
    library->set(editor, EL_BIND, key, name, NULL);
}

// Whether the keys are those of vi, in which Escape alone is a key.
static inline int clibedit_is_vi(const clibedit_library *library, EditLine *editor) {
    const wchar_t *name = NULL;
    library->get(editor, EL_EDITOR, &name);
    return name && name[0] == L'v';
}

// 1: the terminal is the editor's, 0: it is as it was before.
static inline void clibedit_take_terminal(
    const clibedit_library *library, EditLine *editor, int takes) {
    library->set(editor, EL_PREP_TERM, takes);
}

static inline void clibedit_refresh(const clibedit_library *library, EditLine *editor) {
    library->set(editor, EL_REFRESH);
}

static inline void clibedit_use_history(
    const clibedit_library *library, EditLine *editor, HistoryW *history, int lines_max) {
    HistEventW event;
    library->history(history, &event, H_SETSIZE, lines_max);
    library->history(history, &event, H_SETUNIQUE, 1);
    library->set(editor, EL_HIST, library->history, history);
}

static inline void clibedit_add_to_history(
    const clibedit_library *library, HistoryW *history, const wchar_t *line) {
    HistEventW event;
    library->history(history, &event, H_ENTER, line);
}

// The columns that a character takes; -1 where the locale does not know it.
static inline int clibedit_columns(wchar_t character) {
    extern int wcwidth(wchar_t);
    return wcwidth(character);
}

static inline void clibedit_flush(void) { fflush(stdout); }

#endif
