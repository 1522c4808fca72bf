/** What follows is in a task of its own. */
export const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve));
