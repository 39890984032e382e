export const arrows: Record<string, string[]>;
