/** What is imported as text, whatever its ending says. */
declare module "*/assets/client.js" {
  const text: string;
  export default text;
}
