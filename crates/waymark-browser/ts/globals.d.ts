// What the build puts in, and what browsers have that TypeScript's own types lack.

/** The core's path below the edge's origin: `waymark/core.<hash>.js`. */
declare const __CORE__: string;
/** The wasm module's path below the edge's origin: `waymark/engine.<hash>.wasm`. */
declare const __ENGINE__: string;
/** That of the module for the Programs that need more: `waymark/engine-whole.<hash>.wasm`. */
declare const __WHOLE_ENGINE__: string;
/** The hash of the modules that are fetched when needed: `waymark/<name>.<hash>.js`. */
declare const __MODULES__: string;
/** Of the Programs that the engines read. */
declare const __FORMAT__: string;

interface Navigator {
  /** https://w3c.github.io/gpc/ */
  readonly globalPrivacyControl?: boolean;
}

interface TrustedHTML {
  readonly __trusted: 'html';
}

interface Window {
  /** https://tc39.es/proposal-temporal/ */
  readonly Temporal?: { Now: { timeZoneId(): string } };
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createHTML(html: string): string },
    ): { createHTML(html: string): TrustedHTML };
  };
}
