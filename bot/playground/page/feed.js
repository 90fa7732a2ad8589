// The stream of what happens: one JSON a line; it comes back by itself when the connection breaks.

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 4000;

export async function follow({ hear, status }) {
  let pause = FIRST_PAUSE;
  for (;;) {
    try {
      const response = await fetch("/page/events", { cache: "no-store", credentials: "same-origin" });
      if (response.status === 403) return status("ended");
      if (response.ok) {
        status("open");
        pause = FIRST_PAUSE;
        await read(response.body, hear);
      }
    } catch {
      // what matters is said by the status
    }
    status("lost");
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(LONGEST_PAUSE, pause * 1.6);
  }
}

async function read(body, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.trim()) hear(JSON.parse(line));
  }
}

// One thing a person does; the answer, or an error in words.
export async function act(wish) {
  let response;
  try {
    response = await fetch("/page/do", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    });
  } catch {
    return { error: "…" };
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { error: text };
  }
}

export async function commands(chat, person) {
  try {
    const response = await fetch(`/page/commands?chat=${chat}&as=${person}`, { credentials: "same-origin" });
    return response.ok ? (await response.json()).commands : [];
  } catch {
    return [];
  }
}
