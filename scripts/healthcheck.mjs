// The HEALTHCHECK of the image: exits 0 when the api or the worker of this container, whichever it is, has all that it needs.
for (const port of [process.env.PORT || 3000, process.env.WORKER_PORT || 3001]) {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
  if (answer) process.exit(answer.ok ? 0 : 1);
}
process.exit(1);
