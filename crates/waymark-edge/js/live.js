// Events as they come, as server-sent events: the edge's own answer about the latest, asked again and again.

const EVERY = 1_000;
const AT_MOST = 600_000;
/** What an edge without news says, so that nothing on the way closes the connection. */
const STILL = ": still here\n\n";

/** `ask` gives the answer about events after something. */
export async function stream(request, ask) {
  let after = request.headers.get("Last-Event-ID") ?? "";
  const first = await ask(after);
  // A place of before more objects, or no place: from now on.
  const begun = first.status === 400 ? await ask("") : first;
  if (!begun.ok) return begun;
  const encoder = new TextEncoder();
  const end = Date.now() + AT_MOST;
  let over = false;
  const write = (controller, { events, next }) => {
    const lines = events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
    after = next;
    controller.enqueue(encoder.encode(`id: ${next}\n${lines.join(`id: ${next}\n`) || STILL}`));
  };
  const body = new ReadableStream({
    async start(controller) {
      write(controller, await begun.json());
    },
    async pull(controller) {
      await new Promise((done) => setTimeout(done, EVERY));
      if (over || Date.now() > end) return controller.close();
      const answer = await ask(after);
      // Whoever listens comes again, and says where it was.
      if (!answer.ok) return controller.close();
      write(controller, await answer.json());
    },
    cancel() {
      over = true;
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" } });
}
