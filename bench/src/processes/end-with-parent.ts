// Loaded before everything else in each process of a bench: it ends when the bench is gone, even by kill -9.
process.on('disconnect', () => process.exit());
