// The editor of the pack: CodeMirror, and JSON with comments.

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import {
  HighlightStyle, StreamLanguage, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting,
} from '@codemirror/language';
import { lintGutter, nextDiagnostic, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

import type { Diagnostic } from './types';
import { type Language, codes, editorPhrases, words } from './words';

export interface Editor {
  text(): string;
  replace(text: string): void;
  show(diagnostics: Diagnostic[], language: Language): void;
  /** Selects a place, brings it into view and takes the focus there. */
  reveal(from: number, to: number): void;
  speak(language: Language): void;
}

const jsonc = StreamLanguage.define<{ comment: boolean; depth: number }>({
  name: 'jsonc',
  startState: () => ({ comment: false, depth: 0 }),
  token(stream, state) {
    if (state.comment || stream.match('/*')) {
      state.comment = !stream.match(/^.*?\*\//);
      if (state.comment) stream.skipToEnd();
      return 'comment';
    }
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    const text = stream.match(/^"(?:[^"\\]|\\.)*"?/);
    if (text && text !== true) {
      if (!stream.match(/^\s*:/, false)) return 'string';
      return text[0].startsWith('"$') ? 'keyword' : 'propertyName';
    }
    if (stream.match(/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/)) return 'number';
    if (stream.match(/^(?:true|false|null)\b/)) return 'atom';
    const sign = stream.next();
    if (sign === '{' || sign === '[') state.depth += 1;
    if (sign === '}' || sign === ']') state.depth = Math.max(0, state.depth - 1);
    return 'punctuation';
  },
  indent(state, after, context) {
    const closes = /^\s*[}\]]/.test(after) ? 1 : 0;
    return Math.max(0, state.depth - closes) * context.unit;
  },
  languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } }, indentOnInput: /^\s*[}\]]$/ },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-key)' },
  { tag: tags.keyword, color: 'var(--code-operator)', fontWeight: '600' },
  { tag: tags.string, color: 'var(--code-text)' },
  { tag: [tags.number, tags.atom], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: tags.punctuation, color: 'var(--soft)' },
]);

export function editor(parent: HTMLElement, changed: () => void): Editor {
  const spoken = new Compartment();
  const speaking = (language: Language) => [
    EditorView.contentAttributes.of({ 'aria-label': words[language].editorLabel }),
    EditorState.phrases.of(editorPhrases[language]),
  ];
  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), lintGutter(), history(), drawSelection(),
        indentOnInput(), indentUnit.of('  '), bracketMatching(), highlightActiveLine(),
        highlightSelectionMatches(), EditorView.lineWrapping, jsonc, syntaxHighlighting(colours),
        // Tab is left to move the focus.
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, { key: 'F8', run: nextDiagnostic }]),
        spoken.of(speaking('en')),
        EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    replace(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
    },
    show(diagnostics, language) {
      const end = view.state.doc.length;
      const within = diagnostics.map(({ from, to, severity, message, mend, fix, code }) => ({
        from: Math.min(from, end),
        to: Math.min(Math.max(to, from), end),
        severity,
        source: code,
        message: [codes[language][code], message, mend && `→ ${mend}`].filter(Boolean).join('\n'),
        actions: fix === null ? [] : [{
          name: words[language].applyMend(fix),
          apply: (view: EditorView, start: number, stop: number) => view.dispatch({ changes: { from: start, to: stop, insert: fix } }),
        }],
      }));
      view.dispatch(setDiagnostics(view.state, within));
    },
    reveal(from, to) {
      const end = view.state.doc.length;
      const selection = { anchor: Math.min(from, end), head: Math.min(to, end) };
      view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: 'center' }) });
      view.focus();
    },
    speak(language) {
      view.dispatch({ effects: spoken.reconfigure(speaking(language)) });
    },
  };
}
